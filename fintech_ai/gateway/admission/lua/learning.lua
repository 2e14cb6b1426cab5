-- What does a reply teach of the provider's rate limits?

-- A request turned out smaller, or larger, than it was taken for.
local function correct(window, taken, used)
  local tokens = window.buckets.tokens
  if tokens and used ~= taken then
    tokens.level = math.min(tokens.room, tokens.level + taken - used)
    write_window(window)
  end
end

-- What a provider says of its own limits: at most so many per minute, this many are left, all are back in `reset`.
local function learn(window, kind, limit, remaining, reset)
  local pace = limit / 60
  if reset > 0 and remaining < limit then
    pace = math.min(pace, (limit - remaining) / reset)
  end
  redis.call('HSET', window.key, kind .. '_limit', exact(limit), kind .. '_pace', exact(pace))
  local found = window.buckets[kind]
  if not found or found.limit == math.huge then
    found = bucket(nil, limit, pace, now)
    window.buckets[kind] = found
  end
  found.level = math.min(found.level, remaining)
  write_window(window)
end

-- Nobody may ask for so long; afterwards it begins slowly.
local function pause(window, seconds)
  window.paused = math.max(window.paused, now + seconds)
  for _, found in pairs(window.buckets) do
    found.level = math.min(found.level, 0)
  end
  redis.call('HSET', window.key, 'requests', 0)
  write_window(window)
end
