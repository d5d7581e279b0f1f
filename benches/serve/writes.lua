-- Ratings of random users and movies of data/, one PUT each.
dofile("benches/serve/pairs.lua")

local paths = {}
local index = 0

function init()
  random_pairs(1, 5000, function(i, user, movie)
    paths[i] = "/users/" .. user .. "/ratings/" .. movie
  end)
end

function request()
  index = index % #paths + 1
  local body = string.format('{"rating":%.1f}', math.random(1, 10) / 2)
  return wrk.format("PUT", paths[index], { ["Content-Type"] = "application/json" }, body)
end
