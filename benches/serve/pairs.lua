-- Random pairs of users and movies of data/, as the endpoint is asked for them.
local path = os.getenv("MATINEE_PATH") or "/invocations"
local bodies = {}
local index = 0

-- Calls `take` with this many pairs.
function random_pairs(seed, count, take)
  local lines = {}
  for line in io.lines("data/ratings.csv") do
    lines[#lines + 1] = line
  end
  math.randomseed(seed)
  for i = 1, count do
    local user = lines[math.random(2, #lines)]:match("^(%d+),")
    local movie = lines[math.random(2, #lines)]:match("^%d+,(%d+),")
    take(i, user, movie)
  end
end

function init()
  random_pairs(0, 1000, function(i, user, movie)
    bodies[i] = string.format('{"userId":"%s","movieId":"%s"}', user, movie)
  end)
end

function request()
  index = index % #bodies + 1
  return wrk.format("POST", path, { ["Content-Type"] = "application/json" }, bodies[index])
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("result\t%f\t%f\t%f\t%d\t%d\t%f\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed, summary.requests,
    latency:percentile(99.9) / 1e3))
end
