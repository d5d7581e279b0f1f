-- Ratings of random users and movies of data/, one PUT each.
local pairs_of_data = {}
local index = 0

function init()
  local lines = {}
  for line in io.lines("data/ratings.csv") do
    lines[#lines + 1] = line
  end
  math.randomseed(1)
  for i = 1, 5000 do
    local user = lines[math.random(2, #lines)]:match("^(%d+),")
    local movie = lines[math.random(2, #lines)]:match("^%d+,(%d+),")
    pairs_of_data[i] = "/users/" .. user .. "/ratings/" .. movie
  end
end

function request()
  index = index % #pairs_of_data + 1
  local body = string.format('{"rating":%.1f}', math.random(1, 10) / 2)
  return wrk.format("PUT", pairs_of_data[index], { ["Content-Type"] = "application/json" }, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("result\t%f\t%f\t%f\t%d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
