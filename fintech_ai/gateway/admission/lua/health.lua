-- What does a request say of its provider's health? It opens and closes the circuit breaker.

local SLICE_SECONDS, SLICES = 10, 6
-- It opens when more than half of the requests fail, by more than chance would have it (score test, Wilson 1927). While
-- fewer fail, three attempts find an answer seven times of eight, and whoever asks would be worse off without them.
local FEWEST_FAILURES, DEVIATIONS = 5, 1.96
local ENOUGH_SUCCESSES = 2
local LONGEST_SECONDS, CALM_SECONDS = 300, 300

-- How the last minute's requests went.
local function read_minute(breaker)
  local found = redis.call('HMGET', breaker.key, '0', '1', '2', '3', '4', '5')
  breaker.slot, breaker.slices, breaker.good, breaker.bad = math.floor(now / SLICE_SECONDS), {}, 0, 0
  for _, text in ipairs(found) do
    local slot, good, bad = string.match(text or '', '^(%d+) (%d+) (%d+)$')
    slot = tonumber(slot)
    if slot and slot > breaker.slot - SLICES then
      breaker.slices[slot] = {tonumber(good), tonumber(bad)}
      breaker.good, breaker.bad = breaker.good + tonumber(good), breaker.bad + tonumber(bad)
    end
  end
end

-- Returns for how many seconds it opened.
local function open_breaker(breaker, seconds, jitter)
  local found = redis.call('HMGET', breaker.key, 'row', 'closed')
  local calm = now - (tonumber(found[2]) or now) > CALM_SECONDS
  local row = calm and 1 or (tonumber(found[1]) or 0) + 1
  local period = math.min(seconds * 2 ^ (row - 1), LONGEST_SECONDS) * (0.75 + jitter / 2)
  redis.call('DEL', breaker.key, breaker.probes)
  redis.call('HSET', breaker.key, 'era', breaker.era + 1, 'until', exact(now + period), 'row', row)
  redis.call('EXPIRE', breaker.key, math.ceil(period) + CALM_SECONDS)
  return period
end

local function close_breaker(breaker)
  local row = redis.call('HGET', breaker.key, 'row')
  redis.call('DEL', breaker.key, breaker.probes)
  redis.call('HSET', breaker.key, 'era', breaker.era, 'row', row, 'closed', exact(now))
  redis.call('EXPIRE', breaker.key, 2 * CALM_SECONDS)
end

local function count_outcome(breaker, well)
  read_minute(breaker)
  local known = breaker.slices[breaker.slot]
  local slice = known or {0, 0}
  if well then
    slice[1], breaker.good = slice[1] + 1, breaker.good + 1
  else
    slice[2], breaker.bad = slice[2] + 1, breaker.bad + 1
  end
  local text = string.format('%d %d %d', breaker.slot, slice[1], slice[2])
  redis.call('HSET', breaker.key, tostring(breaker.slot % SLICES), text)
  if not known then
    redis.call('EXPIRE', breaker.key, 2 * CALM_SECONDS)
  end
end

-- How a request went: 'well', 'badly' or 'unsaid'. Returns for how many seconds the breaker opened, if it did.
local function report_health(breaker, ticket, outcome, era, seconds, jitter)
  local probed = breaker.state ~= 'closed' and redis.call('ZREM', breaker.probes, ticket) == 1
  if outcome == 'unsaid' or era ~= breaker.era then
    return nil
  end
  if breaker.state == 'closed' then
    count_outcome(breaker, outcome == 'well')
    local surplus, chance = breaker.bad - breaker.good, DEVIATIONS * math.sqrt(breaker.good + breaker.bad)
    if breaker.bad >= FEWEST_FAILURES and surplus > chance then
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
