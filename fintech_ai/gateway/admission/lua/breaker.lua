-- Has the provider been failing? One breaker for each provider and model.
--
-- closed: everybody may enter. When enough of the last minute's requests have failed, it opens.
-- open: nobody may. Each time in a row twice as long, give or take a quarter, so that processes and providers that
--   failed together do not meet again.
-- half open: a few may try. Each probe has a lease, so that one that died does not keep its place. One failure opens
--   the breaker again, enough successes close it.
--
-- `era` counts the openings. What began in an earlier era says nothing of the present one.

local SLICE_SECONDS, SLICES = 10, 6
local FEWEST_FAILURES, FAILING_SHARE = 5, 0.5
local PROBES, ENOUGH_SUCCESSES = 2, 2
local LONGEST_SECONDS, CALM_SECONDS = 300, 300
local FIELDS = {'era', 'until', 'row', 'successes', 'closed', '0', '1', '2', '3', '4', '5'}

local function read_breaker(key)
  local found = redis.call('HMGET', key, unpack(FIELDS))
  local breaker = {
    key = key,
    probes = key .. ':probes',
    era = tonumber(found[1]) or 0,
    open_until = tonumber(found[2]),
    row = tonumber(found[3]) or 0,
    successes = tonumber(found[4]) or 0,
    closed = tonumber(found[5]),
    slot = math.floor(now / SLICE_SECONDS),
    slices = {},
    good = 0,
    bad = 0,
  }
  for position = 6, #FIELDS do
    local slot, good, bad = string.match(found[position] or '', '^(%d+) (%d+) (%d+)$')
    if slot and tonumber(slot) > breaker.slot - SLICES then
      breaker.slices[tonumber(slot)] = {tonumber(good), tonumber(bad)}
      breaker.good, breaker.bad = breaker.good + tonumber(good), breaker.bad + tonumber(bad)
    end
  end
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

-- Returns for how many seconds it opened.
local function open_breaker(breaker, seconds, jitter)
  local calm = breaker.closed and now - breaker.closed > CALM_SECONDS
  local row = calm and 1 or breaker.row + 1
  local period = math.min(seconds * 2 ^ (row - 1), LONGEST_SECONDS) * (0.75 + jitter / 2)
  redis.call('DEL', breaker.key, breaker.probes)
  redis.call('HSET', breaker.key, 'era', breaker.era + 1, 'until', exact(now + period), 'row', row)
  redis.call('EXPIRE', breaker.key, math.ceil(period) + CALM_SECONDS)
  return period
end

local function close_breaker(breaker)
  redis.call('DEL', breaker.key, breaker.probes)
  redis.call('HSET', breaker.key, 'era', breaker.era, 'row', breaker.row, 'closed', exact(now))
  redis.call('EXPIRE', breaker.key, 2 * CALM_SECONDS)
end

local function count_outcome(breaker, well)
  local slice = breaker.slices[breaker.slot] or {0, 0}
  if well then
    slice[1], breaker.good = slice[1] + 1, breaker.good + 1
  else
    slice[2], breaker.bad = slice[2] + 1, breaker.bad + 1
  end
  local text = string.format('%d %d %d', breaker.slot, slice[1], slice[2])
  redis.call('HSET', breaker.key, tostring(breaker.slot % SLICES), text)
  redis.call('EXPIRE', breaker.key, 2 * CALM_SECONDS)
end

-- How a request went: 'well', 'badly' or 'unsaid'. Returns for how many seconds the breaker opened, if it did.
local function report_health(breaker, ticket, outcome, era, seconds, jitter)
  local probed = redis.call('ZREM', breaker.probes, ticket) == 1
  if outcome == 'unsaid' or era ~= breaker.era then
    return nil
  end
  if breaker.state == 'closed' then
    count_outcome(breaker, outcome == 'well')
    if breaker.bad >= FEWEST_FAILURES and breaker.bad >= FAILING_SHARE * (breaker.good + breaker.bad) then
      return open_breaker(breaker, seconds, jitter)
    end
  elseif breaker.state == 'half_open' and probed then
    if outcome == 'badly' then
      return open_breaker(breaker, seconds, jitter)
    end
    if redis.call('HINCRBY', breaker.key, 'successes', 1) >= ENOUGH_SUCCESSES then
      close_breaker(breaker)
    end
  end
  return nil
end
