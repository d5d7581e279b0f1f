// What the page says, in the languages that it speaks. `index.html` has the English of its own elements.

const English = {
  ratingOf: ({ title }) => `Your rating of ${title}`,
  stars: ({ n }) => (n === 1 ? "1 star" : `${n} stars`),
  notRated: "not rated",
  removeRating: ({ title }) => `Remove your rating of ${title}`,
  removed: ({ title }) => `Your rating of ${title} is removed.`,
  removedAll: "All your ratings are removed.",
  undo: "Undo",
  close: "Close",
  retry: "Try again",
  nameless: ({ id }) => `Movie ${id}`,
  notForMe: "Not for me",
  notForMeTitle: ({ title }) => `${title} is not for me`,
  hidden: ({ title }) => `${title} will not be recommended.`,
  becauseYou: ({ feeling, title }) => `Because you ${feeling} ${title}`,
  becauseThey: ({ feeling, title }) => `Because they ${feeling} ${title}`,
  otherRatings: "all other ratings",
  percent: ({ n }) => `${n}%`,
  yours: ({ n }) => `You might give it ${n}`,
  theirs: ({ n }) => `They might give it ${n}`,
  asPopular: "Rate a movie you know, and this list becomes yours.",
  noted: "Noted. Rate one you liked, too.",
  fromRatings: ({ n }) => (n === 1 ? "From your one rating. Each more makes it better." : `From your ${n} ratings.`),
  nothing: "Nothing fits. Try other filters.",
  looking: "Looking for movies …",
  titlePopular: "Popular now",
  titleYours: "For you",
  titleTogether: "Together",
  titleUser: ({ user }) => `For user ${user}`,
  titleLink: "From a link",
  bannerUser: ({ user }) => `You are looking at the list of user ${user}.`,
  bannerTogether: ({ names }) => `For ${new Intl.ListFormat("en").format(names.map((name) => (name === "You" ? "you" : name)))}.`,
  bannerLink: ({ n }) => `You are looking at a link with ${n === 1 ? "one rating" : `${n} ratings`}. Yours are as they were.`,
  backToMine: "Back to my list",
  addToMine: "Add to mine",
  added: ({ n }) => (n === 1 ? "One rating is added." : `${n} ratings are added.`),
  started: ({ n }) => (n < 5 ? `${n} of 5 rated` : `${n} rated`),
  copied: "The link is copied.",
  copyFailed: "This is the link:",
  notKept: "This browser keeps nothing. Copy the link to keep your ratings.",
  kept: "Kept on this device alone.",
  noRatings: "None yet. Stars that you give appear here.",
  found: ({ n }) => (n === 1 ? "1 movie found; arrow down for its stars." : `${n} movies found; arrow down for their stars.`),
  notFound: "No such movie.",
  model: ({ version, algorithm, ratings, movies }) => `Model ${version} (${algorithm}), ${ratings} ratings of ${movies} movies`,
  wait: "One moment …",
  liveSince: ({ version, since }) => `Version ${version} has been live since ${since}.`,
  answersHere: ({ version }) => `This server answers with version ${version}.`,
  stillAnswers: ({ version }) => `This server still answers with version ${version}.`,
  trainedBy: ({ algorithm, at }) => `It was trained by ${algorithm}, ${at}.`,
  noFigures: "An earlier release published it without its figures.",
  rmseHelp: "how far predicted ratings are from those that people gave, in stars; lower is better",
  ndcgHelp: "how high the movies that people went on to rate stand in their lists; higher is better",
  intervals: "Intervals",
  intervalsHelp: "of the ratings that were held out lie in the range that a movie’s page shows; the aim is 80%",
  ratings: "Ratings",
  ratingsHelp: ({ movies, users }) => `of ${movies} movies by ${users} people`,
  versions: "Versions",
  version: "Version",
  status: { live: "live", replaced: "replaced", rolled_back: "rolled back", refused: "refused" },
  range: ({ low, high }) => `most likely between ${low} and ${high}`,
  ratedBy: ({ n }) => (n === 1 ? "Rated by one person." : `Rated by ${n} people.`),
  similar: "People who like it like",
  keyWrong: "The API does not accept this key.",
  keyAsked: "This API asks for a key.",
  at: ({ place }) => `${place} ↗`,
  theirRatings: ({ n }) => `Their ratings (${n})`,
  firstOf: ({ n }) => `The highest ${n} are shown.`,
  noneSimilar: "Too few people have rated it to tell.",
  yourRating: "Your rating",
  originally: ({ title }) => `Also: ${title}`,
  you: "You",
  personName: ({ n }) => `Person ${n}`,
  personRatings: ({ name, n }) => `${name} (${n === 1 ? "1 rating" : `${n} ratings`})`,
  removePerson: ({ name }) => `Remove ${name}`,
  notALink: "That is not a link to ratings.",
  needTwo: "It takes two to six people with ratings.",
  togetherAsk: "Looking for what everybody likes …",
  togetherDone: ({ n }) => `What ${n} people would enjoy, and nobody would hate.`,
  imported: ({ n, all }) => `${n} of ${all} ratings are read.`,
  unmatched: ({ n }) => (n === 1 ? "Not in this catalogue:" : `${n} are not in this catalogue:`),
  notAnExport: "This is not an export of ratings from MovieLens, Letterboxd or IMDb.",
  reading: ({ done, all }) => `Reading: ${done} of ${all} …`,
  error: {
    unreachable: "The server cannot be reached. Your ratings are safe.",
    model_unavailable: "The recommender is starting. Try again in a moment.",
    throttled: "There are too many requests at the moment.",
    quota_exceeded: "This key has no more requests for now.",
    api_key_required: "This page needs a key for the API.",
    signature: "This API takes signed requests alone (IAM), and a page cannot sign them.",
    unknown_user: "The model has no ratings of this user.",
    unknown_movie: "This movie is not in the catalogue.",
    not_supported: "This server predicts ratings and does not recommend.",
    other: "Something went wrong on the server. Your ratings are safe.",
  },
};

const Chinese = {
  ratingOf: ({ title }) => `你给《${title}》的评分`,
  stars: ({ n }) => `${n} 星`,
  notRated: "未评分",
  removeRating: ({ title }) => `移除《${title}》的评分`,
  removed: ({ title }) => `已移除《${title}》的评分。`,
  removedAll: "已移除全部评分。",
  undo: "撤销",
  close: "关闭",
  retry: "重试",
  nameless: ({ id }) => `电影 ${id}`,
  notForMe: "不感兴趣",
  notForMeTitle: ({ title }) => `对《${title}》不感兴趣`,
  hidden: ({ title }) => `不再推荐《${title}》。`,
  becauseYou: ({ feeling, title }) => `因为你${FEELINGS[feeling]}《${title}》`,
  becauseThey: ({ feeling, title }) => `因为对方${FEELINGS[feeling]}《${title}》`,
  otherRatings: "其余评分",
  percent: ({ n }) => `${n}%`,
  yours: ({ n }) => `预计你会打 ${n} 分`,
  theirs: ({ n }) => `预计对方会打 ${n} 分`,
  asPopular: "给看过的电影打分，这里就会变成你的推荐。",
  noted: "已记下。再给一部喜欢的电影打分吧。",
  fromRatings: ({ n }) => `根据你的 ${n} 个评分。`,
  nothing: "没有符合条件的电影，换个筛选条件试试。",
  looking: "正在寻找电影……",
  titlePopular: "当前热门",
  titleYours: "为你推荐",
  titleTogether: "一起看",
  titleUser: ({ user }) => `用户 ${user} 的推荐`,
  titleLink: "来自链接",
  bannerUser: ({ user }) => `正在查看用户 ${user} 的列表。`,
  bannerTogether: ({ names }) => `${names.join("、")}的共同列表。`,
  bannerLink: ({ n }) => `正在查看链接中的 ${n} 个评分。你自己的评分没有改变。`,
  backToMine: "回到我的列表",
  addToMine: "加入我的评分",
  added: ({ n }) => `已加入 ${n} 个评分。`,
  started: ({ n }) => (n < 5 ? `已评 ${n}/5 部` : `已评 ${n} 部`),
  copied: "链接已复制。",
  copyFailed: "链接如下：",
  notKept: "此浏览器无法保存。请复制链接以保留评分。",
  kept: "只保存在这台设备上。",
  noRatings: "还没有评分。你打的分会出现在这里。",
  found: ({ n }) => `找到 ${n} 部电影；按向下键打分。`,
  notFound: "没有这部电影。",
  model: ({ version, algorithm, ratings, movies }) => `模型 ${version}（${algorithm}），${movies} 部电影的 ${ratings} 个评分`,
  wait: "请稍候……",
  liveSince: ({ version, since }) => `版本 ${version} 自 ${since} 起上线。`,
  answersHere: ({ version }) => `此服务器使用版本 ${version}。`,
  stillAnswers: ({ version }) => `此服务器仍在使用版本 ${version}。`,
  trainedBy: ({ algorithm, at }) => `由 ${algorithm} 训练于 ${at}。`,
  noFigures: "它由较早的程序发布，没有指标。",
  rmseHelp: "预测评分与实际评分的差距（星），越低越好",
  ndcgHelp: "人们后来评分的电影在列表中的位置有多靠前，越高越好",
  intervals: "区间",
  intervalsHelp: "的留出评分落在电影页面显示的范围内；目标是 80%",
  ratings: "评分",
  ratingsHelp: ({ movies, users }) => `来自 ${users} 人，涉及 ${movies} 部电影`,
  versions: "各版本",
  version: "版本",
  status: { live: "已上线", replaced: "已替换", rolled_back: "已回退", refused: "被拒绝" },
  range: ({ low, high }) => `很可能在 ${low} 到 ${high} 之间`,
  ratedBy: ({ n }) => `${n} 人评过分。`,
  similar: "喜欢它的人也喜欢",
  keyWrong: "API 不接受此密钥。",
  keyAsked: "此 API 需要密钥。",
  at: ({ place }) => `${place} ↗`,
  theirRatings: ({ n }) => `对方的评分（${n}）`,
  firstOf: ({ n }) => `只显示最高的 ${n} 个。`,
  noneSimilar: "评分的人太少，无法判断。",
  yourRating: "你的评分",
  originally: ({ title }) => `又名：${title}`,
  you: "你",
  personName: ({ n }) => `第 ${n} 位`,
  personRatings: ({ name, n }) => `${name}（${n} 个评分）`,
  removePerson: ({ name }) => `移除${name}`,
  notALink: "这不是评分链接。",
  needTwo: "需要二至六位有评分的人。",
  togetherAsk: "正在寻找大家都喜欢的电影……",
  togetherDone: ({ n }) => `${n} 个人都会喜欢的电影。`,
  imported: ({ n, all }) => `已读取 ${all} 个评分中的 ${n} 个。`,
  unmatched: ({ n }) => `有 ${n} 部不在目录中：`,
  notAnExport: "这不是 MovieLens、Letterboxd 或 IMDb 的评分导出文件。",
  reading: ({ done, all }) => `正在读取：${done}/${all}……`,
  error: {
    unreachable: "无法连接服务器。你的评分不会丢失。",
    model_unavailable: "推荐服务正在启动，请稍后再试。",
    throttled: "当前请求太多。",
    quota_exceeded: "此密钥的额度已用完。",
    api_key_required: "此页面需要 API 密钥。",
    signature: "此 API 只接受签名请求（IAM），网页无法签名。",
    unknown_user: "模型中没有该用户的评分。",
    unknown_movie: "目录中没有这部电影。",
    not_supported: "此服务器只预测评分，不做推荐。",
    other: "服务器出错了。你的评分不会丢失。",
  },
  genres: {
    Action: "动作", Adventure: "冒险", Animation: "动画", Children: "儿童", Comedy: "喜剧", Crime: "犯罪", Documentary: "纪录",
    Drama: "剧情", Fantasy: "奇幻", "Film-Noir": "黑色电影", Horror: "恐怖", Musical: "歌舞", Mystery: "悬疑", Romance: "爱情",
    "Sci-Fi": "科幻", Thriller: "惊悚", War: "战争", Western: "西部",
  },
  // The elements of index.html, by `data-t`.
  page: {
    skip: "跳到推荐", tagline: "给几部电影打分，看看接下来看什么。", search: "搜索电影", searchHint: "例如：matrix",
    startTitle: "看过这些吗？打个分吧。", all: "显示全部", recommendations: "推荐", filters: "筛选", genre: "类型", varied: "更多变化", every: "全部",
    from: "起始年份", to: "截止年份", more: "更多", mine: "我的评分", share: "复制链接", clear: "全部移除",
    bringAndTake: "导入与导出", bring: "读取 MovieLens、Letterboxd 或 IMDb 的导出文件（CSV）", take: "保存我的评分（CSV）",
    together: "一起看", togetherHint: "二至六个人，一份列表：最多快乐，最少痛苦。", person: "名字", personLink: "对方的评分链接（留空则用当前评分）",
    addPerson: "添加", ask: "寻找电影", other: "查看已知用户", user: "训练数据中的用户编号", show: "显示",
    explained: "★ 是我们预计你会打的分数；电影页面说明有多大把握。", key: "API 密钥", keyValue: "密钥", useKey: "使用", cancel: "取消",
    keyNote: "密钥只保存在这台设备上，只发送给此 API。", forget: "移除密钥", aboutModel: "模型", api: "API 说明", close: "关闭",
  },
};

const FEELINGS = { loved: "很喜欢", liked: "喜欢", rated: "看过" };

const isChinese = (navigator.languages ?? [navigator.language]).find((language) => /^(en|zh)/i.test(language))?.toLowerCase().startsWith("zh");
const strings = isChinese ? Chinese : English;

export const locale = isChinese ? "zh" : "en";

export function t(key, values) {
  const found = strings[key];
  return typeof found === "function" ? found(values) : found;
}

export function genres(names) {
  return names.map(genre).join(isChinese ? "、" : ", ");
}

export function genre(name) {
  return strings.genres?.[name] ?? name;
}

// What went wrong, in the visitor's words.
export function problem(error) {
  const { error: told } = strings;
  if (["signature_required", "signature_invalid", "access_denied"].includes(error.code)) return told.signature;
  if (error.code === "endpoint_unavailable" || error.code === "gateway_timeout") return told.model_unavailable;
  // What was asked is wrong, so the server's own words say more.
  if (error.code === "invalid_request") return error.message;
  return told[error.code] ?? told.other;
}

export function translatePage() {
  document.documentElement.lang = isChinese ? "zh" : "en";
  if (!strings.page) return;
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = strings.page[one.dataset.t] ?? strings[one.dataset.t];
  for (const one of document.querySelectorAll("[data-t-hint]")) one.placeholder = strings.page[one.dataset.tHint];
}
