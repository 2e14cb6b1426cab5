-- How much may be sent now? A window is a provider's model, or a tenant.
--
-- Each of its two kinds, requests and tokens, is a bucket that fills at a pace. A tenth of the limit is there at once
-- and the rest comes evenly, so that no minute, wherever it begins, has more requests than the limit. Tokens may pass
-- theirs by one request, since a request that is larger than the bucket would never be let in.

local BURST_SHARE = 0.1
-- It is kept for so long after its last use, of which it is reminded once in a while.
local KEPT_SECONDS, REMINDED_SECONDS = 600, 60
-- After a pause, a window without limit begins at this pace, which doubles with each second.
local RESUME_PER_SECOND, RESUME_SECONDS = 20, 10

local function bucket(level, limit, pace, since)
  local room = math.max(limit * BURST_SHARE, 1)
  pace = math.min(pace, (room > 1 and limit - room or limit) / 60)
  return {limit = limit, room = room, pace = pace, level = math.min(room, (level or room) + pace * (now - since))}
end

local function lower(configured, learned)
  if configured > 0 and learned then
    return math.min(configured, learned)
  end
  return configured > 0 and configured or learned
end

local function read_window(key, requests, tokens)
  local found = redis.call(
    'HMGET', key, 'at', 'paused', 'served',
    'requests', 'requests_limit', 'requests_pace', 'tokens', 'tokens_limit', 'tokens_pace'
  )
  for position = 1, 9 do
    found[position] = tonumber(found[position])
  end
  local window = {
    key = key, line = key .. ':line', at = found[1], paused = found[2] or 0, served = found[3] or 0, buckets = {}
  }
  -- Nothing flows during a pause.
  local since = math.max(found[1] or now, math.min(window.paused, now))
  local limit = lower(requests, found[5])
  if limit then
    window.buckets.requests = bucket(found[4], limit, found[6] or math.huge, since)
  elseif window.paused > 0 and now < window.paused + RESUME_SECONDS then
    local pace = RESUME_PER_SECOND * 2 ^ math.max(0, now - window.paused)
    local level = math.min(1, (found[4] or 0) + pace * (now - since))
    window.buckets.requests = {limit = math.huge, room = 1, pace = pace, level = level}
  end
  limit = lower(tokens, found[8])
  if limit then
    window.buckets.tokens = bucket(found[7], limit, found[9] or math.huge, since)
  end
  window.bounded = next(window.buckets) ~= nil or window.paused > now
  return window
end

local function write_window(window)
  local values = {'at', exact(now)}
  if window.paused > 0 or window.served > 0 then
    values = {'at', exact(now), 'paused', exact(window.paused), 'served', exact(window.served)}
  end
  for kind, found in pairs(window.buckets) do
    values[#values + 1], values[#values + 2] = kind, exact(found.level)
  end
  redis.call('HSET', window.key, unpack(values))
  if window.paused > now or math.floor((window.at or 0) / REMINDED_SECONDS) ~= math.floor(now / REMINDED_SECONDS) then
    redis.call('EXPIRE', window.key, KEPT_SECONDS + math.ceil(math.max(0, window.paused - now)))
  end
end
