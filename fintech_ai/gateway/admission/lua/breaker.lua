-- Has the provider been failing? One breaker for each provider and model.
--
-- closed: everybody may enter. When clearly more than half of the last minute's requests have failed, it
--   opens.
-- open: nobody may. Each time in a row twice as long, give or take a quarter, so that processes and providers that
--   failed together do not meet again.
-- half open: a few may try. Each probe has a lease, so that one that died does not keep its place. One failure opens
--   the breaker again, enough successes close it.
--
-- `era` counts the openings. What began in an earlier era says nothing of the present one.

local PROBES = 2

local function read_breaker(key)
  local found = redis.call('HMGET', key, 'era', 'until')
  local breaker = {key = key, probes = key .. ':probes', era = tonumber(found[1]) or 0, open_until = tonumber(found[2])}
  if not breaker.open_until then
    breaker.state = 'closed'
  elseif breaker.open_until > now then
    breaker.state = 'open'
  else
    breaker.state = 'half_open'
  end
  return breaker
end

-- Seconds until it is worth coming back, or nil if the way is free.
local function breaker_wait(breaker)
  if breaker.state == 'open' then
    return breaker.open_until - now
  end
  if breaker.state == 'half_open' then
    redis.call('ZREMRANGEBYSCORE', breaker.probes, '-inf', now)
    if redis.call('ZCARD', breaker.probes) >= PROBES then
      local first = redis.call('ZRANGE', breaker.probes, 0, 0, 'WITHSCORES')
      return tonumber(first[2]) - now
    end
  end
  return nil
end

local function begin_probe(breaker, ticket, lease)
  redis.call('ZADD', breaker.probes, exact(now + lease), ticket)
  redis.call('EXPIRE', breaker.probes, math.ceil(lease) + 1)
end
