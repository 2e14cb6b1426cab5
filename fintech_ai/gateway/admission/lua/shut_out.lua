-- A call whose worker is taken for dead. Returns 1 if it may have been let in, 0 if it was not and never will be.
-- KEYS: call, month

local record = redis.call('HMGET', KEYS[1], 'held', 'cost')
if record[1] or record[2] or redis.call('HEXISTS', KEYS[2], 'built') == 0 then
  return 1
end
redis.call('HSET', KEYS[1], 'cost', 0)
redis.call('EXPIRE', KEYS[1], CALL_SECONDS)
return 0
