-- How much may be sent now, and who is next? A window is a provider's model, or a tenant.
--
-- Each of its two kinds, requests and tokens, is a bucket that fills at a pace. A tenth of the limit is there at once
-- and the rest comes evenly, so that no minute, wherever it begins, has more requests than the limit. Tokens may pass
-- theirs by one request, since a request that is larger than the bucket would never be let in.
--
-- Who finds too little stands in line with a ticket. Tickets are served by their tags: a tenant's next ticket comes one
-- after its last, or after the one that is being served, so that tenants take turns however many stand behind each
-- other ("start-time fair queueing"). A ticket that is not shown again in time has been dropped by its holder.
-- Whoever is covered together with all before it may go: nobody waits for one that has not woken up yet.

local BURST_SHARE = 0.1
local LONGEST_LINE = 1000
-- How long beyond its time a ticket is waited for.
local TICKET_GRACE_SECONDS = 2
-- Less than this is slept through; a longer wait is looked at again half-way, since those before may have left.
local NAP_SECONDS = 0.25
local KEPT_SECONDS = 600
-- After a pause, a window without limit begins at this pace, which doubles with each second.
local RESUME_PER_SECOND, RESUME_SECONDS = 20, 10

local function bucket(level, limit, pace, since)
  local room = math.max(limit * BURST_SHARE, 1)
  pace = math.min(pace, (limit - room + 1) / 60)
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
  local window = {key = key, line = key .. ':line', paused = found[2] or 0, served = found[3] or 0, buckets = {}}
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
  local values = {'at', exact(now), 'paused', exact(window.paused), 'served', exact(window.served)}
  for kind, found in pairs(window.buckets) do
    values[#values + 1], values[#values + 2] = kind, exact(found.level)
  end
  redis.call('HSET', window.key, unpack(values))
  redis.call('EXPIRE', window.key, KEPT_SECONDS + math.ceil(math.max(0, window.paused - now)))
end

local function leave_line(window, ticket)
  redis.call('ZREM', window.line, ticket)
  redis.call('HDEL', window.line .. ':tickets', ticket)
end

-- What those before the ticket need together.
local function before(window, ticket)
  local needs = {requests = 0, tokens = 0}
  local rank = redis.call('ZRANK', window.line, ticket)
  if rank == 0 then
    return needs
  end
  local others = redis.call('ZRANGE', window.line, 0, rank - 1)
  local found = redis.call('HMGET', window.line .. ':tickets', unpack(others))
  for position, other in ipairs(others) do
    local tokens, shown_until = string.match(found[position] or '', '^(%d+) ([%d.]+)$')
    if tokens and tonumber(shown_until) > now then
      needs.requests, needs.tokens = needs.requests + 1, needs.tokens + tonumber(tokens)
    else
      leave_line(window, other)
    end
  end
  return needs
end

-- Seconds until the needs, and those of all before, are covered.
local function seconds_to_cover(window, need, needs)
  local wait = 0
  for kind, found in pairs(window.buckets) do
    local missing = needs[kind] + math.min(need[kind], found.room) - found.level
    wait = math.max(wait, missing / found.pace)
  end
  return math.max(0, window.paused - now) + wait
end

-- Stand in line, or pass. Returns 0 if the ticket may go now, seconds to sleep if it has to wait, or nil and the
-- seconds that it would have to wait, if that is more than `patience`.
local function pass(window, ticket, flow, need, patience)
  if not window.bounded then
    return 0
  end
  for kind, found in pairs(window.buckets) do
    if need[kind] > found.limit then
      return nil, math.huge
    end
  end
  local tag = redis.call('ZSCORE', window.line, ticket)
  local length = redis.call('ZCARD', window.line)
  local wait, last
  if not tag and length == 0 then
    wait = seconds_to_cover(window, need, {requests = 0, tokens = 0})
    redis.call('DEL', window.line .. ':tags')
    window.served = 0
  end
  if wait ~= 0 then
    if not tag then
      last = tonumber(redis.call('HGET', window.line .. ':tags', flow) or 0)
      tag = math.max(last, window.served) + 1
      redis.call('ZADD', window.line, exact(tag), ticket)
    end
    wait = seconds_to_cover(window, need, before(window, ticket))
    if wait > patience or (last and length >= LONGEST_LINE) then
      leave_line(window, ticket)
      return nil, wait
    end
    redis.call('HSET', window.line .. ':tags', flow, tag)
  end
  if wait <= 0 then
    if tag then
      leave_line(window, ticket)
      window.served = math.max(window.served, tonumber(tag))
    end
    return 0
  end
  local nap = wait > NAP_SECONDS and math.max(NAP_SECONDS, wait / 2) or wait
  redis.call('HSET', window.line .. ':tickets', ticket, whole(need.tokens) .. ' ' .. exact(now + nap + TICKET_GRACE_SECONDS))
  for _, name in ipairs({'', ':tickets', ':tags'}) do
    redis.call('EXPIRE', window.line .. name, KEPT_SECONDS)
  end
  return nap
end

local function take(window, need)
  for kind, found in pairs(window.buckets) do
    found.level = found.level - need[kind]
  end
  if next(window.buckets) then
    write_window(window)
  end
end

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
