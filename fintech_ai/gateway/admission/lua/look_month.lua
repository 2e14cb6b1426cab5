-- KEYS: month, live calls of the tenant
-- Returns spent and held, unfinished calls of the month with their holds, and lately settled ones with their cost.
-- With ARGV[1] it also sets what is held to the sum of these holds.

local month, live = KEYS[1], KEYS[2]
local totals = redis.call('HMGET', month, 'built', 'spent', 'held')
if not totals[1] then
  return {}
end
local holding, settled, sum = {}, {}, 0
for _, id in ipairs(redis.call('ZRANGE', live, 0, -1)) do
  local record = redis.call('HMGET', ARGV[2] .. id, 'held', 'month', 'cost')
  if record[2] == month then
    if record[3] then
      settled[#settled + 1], settled[#settled + 2] = id, record[3]
    else
      holding[#holding + 1], holding[#holding + 2] = id, record[1]
      sum = sum + tonumber(record[1])
    end
  end
end
if ARGV[1] ~= '' then
  redis.call('HSET', month, 'held', whole(sum))
end
return {totals[2], totals[3], holding, settled}
