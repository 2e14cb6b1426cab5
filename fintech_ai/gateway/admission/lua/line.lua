-- Who is next, where there is too little for all?
--
-- Who finds too little stands in line with a ticket. Tickets are served by their tags: a tenant's next ticket comes one
-- after its last, or after the one that is being served, so that tenants take turns however many stand behind each
-- other ("start-time fair queueing"). A ticket that is not shown again in time has been dropped by its holder.
-- Whoever is covered together with all before it may go: nobody waits for one that has not woken up yet.

local LONGEST_LINE = 1000
-- How long beyond its time a ticket is waited for.
local TICKET_GRACE_SECONDS = 2
-- Less than this is slept through; a longer wait is looked at again half-way, since those before may have left.
local NAP_SECONDS = 0.25

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
  local length = redis.call('ZCARD', window.line)
  local tag, wait, last
  if length == 0 then
    wait = seconds_to_cover(window, need, {requests = 0, tokens = 0})
  else
    tag = redis.call('ZSCORE', window.line, ticket)
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
    if last then
      redis.call('HSET', window.line .. ':tags', flow, tag)
    end
  end
  if wait <= 0 then
    if tag then
      leave_line(window, ticket)
      window.served = math.max(window.served, tonumber(tag))
    end
    return 0
  end
  local nap = wait > NAP_SECONDS and math.max(NAP_SECONDS, wait / 2) or wait
  local shown_until = exact(now + nap + TICKET_GRACE_SECONDS)
  redis.call('HSET', window.line .. ':tickets', ticket, whole(need.tokens) .. ' ' .. shown_until)
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
