-- The time, in seconds, by the one clock that all processes share.

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local function whole(number)
  return string.format('%.0f', number)
end

local function exact(number)
  return string.format('%.6f', number)
end
