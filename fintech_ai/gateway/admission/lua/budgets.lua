-- What has been spent, and what may be? All money is in micro-dollars.
--
-- A month is a hash: what its finished calls have cost (spent) and what unfinished ones hold (held). A case is a hash of
-- what each of its calls has cost or holds. A call is a hash of what it holds and of whom; when it is settled, what it
-- cost stays for an hour, so that a worker that was taken for dead cannot begin it again.
-- A month or case that is not marked as built is not known: it has to be made from PostgreSQL first.

local CALL_SECONDS, SETTLED_SECONDS, CASE_SECONDS, LIVE_SECONDS = 86400, 3600, 172800, 172800
-- For so long, settled calls can be told apart in a comparison with PostgreSQL.
local RECENT_SECONDS = 120
local NEARLY = 0.8

-- What people should be told now, for the first time in the month: 'spent 2026-11'.
local function news_of(month, spent, limit)
  local news = {}
  if spent >= NEARLY * limit and redis.call('HSETNX', month, 'nearly_spent', exact(now)) == 1 then
    news[#news + 1] = 'nearly_spent ' .. string.sub(month, -7)
  end
  if spent >= limit and redis.call('HSETNX', month, 'all_spent', exact(now)) == 1 then
    news[#news + 1] = 'spent ' .. string.sub(month, -7)
  end
  return news
end

local function sum_of(case)
  local sum = 0
  for _, value in ipairs(redis.call('HVALS', case)) do
    sum = sum + tonumber(value)
  end
  return sum
end

local function settle(call, id, live, cost)
  local record = redis.call('HMGET', call, 'held', 'month', 'case')
  if not record[1] then
    return {}
  end
  local month, case, news = record[2], record[3], {}
  if redis.call('EXISTS', month) == 1 then
    local spent = redis.call('HINCRBY', month, 'spent', whole(cost))
    redis.call('HINCRBY', month, 'held', whole(-tonumber(record[1])))
    local limit = tonumber(redis.call('HGET', month, 'limit'))
    news = limit and news_of(month, spent, limit) or {}
  end
  if case ~= '' then
    redis.call('HSET', case, id, whole(cost))
    redis.call('EXPIRE', case, CASE_SECONDS)
  end
  redis.call('HDEL', call, 'held')
  redis.call('HSET', call, 'cost', whole(cost))
  redis.call('EXPIRE', call, SETTLED_SECONDS)
  redis.call('ZREM', live, id)
  redis.call('ZADD', month .. ':recent', exact(now), id)
  redis.call('ZREMRANGEBYSCORE', month .. ':recent', '-inf', exact(now - RECENT_SECONDS))
  redis.call('EXPIRE', month .. ':recent', 2 * RECENT_SECONDS)
  return news
end
