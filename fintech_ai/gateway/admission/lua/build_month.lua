-- Makes a month from what PostgreSQL holds, unless it is there: what was spent, and the holds of unfinished calls.
-- KEYS: month, live calls of the tenant
-- ARGV: spent, for how many seconds it is kept, prefix of calls; then id, hold and case of each

local month, live = KEYS[1], KEYS[2]
if redis.call('HEXISTS', month, 'built') == 1 then
  return 0
end
local held = 0
for position = 4, #ARGV, 3 do
  local id, hold = ARGV[position], tonumber(ARGV[position + 1])
  local call = ARGV[3] .. id
  redis.call('HSET', call, 'held', whole(hold), 'month', month, 'case', ARGV[position + 2])
  redis.call('EXPIRE', call, CALL_SECONDS)
  redis.call('ZADD', live, 'NX', exact(now), id)
  held = held + hold
end
redis.call('EXPIRE', live, LIVE_SECONDS)
redis.call('HSET', month, 'built', exact(now), 'spent', ARGV[1], 'held', whole(held))
redis.call('EXPIRE', month, ARGV[2])
return 1
