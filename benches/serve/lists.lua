-- What random users of data/ have rated, one GET each.
dofile("benches/serve/pairs.lua")

local paths = {}
local index = 0

function init()
  random_pairs(0, 1000, function(i, user)
    paths[i] = "/users/" .. user .. "/ratings"
  end)
end

function request()
  index = index % #paths + 1
  return wrk.format("GET", paths[index])
end
