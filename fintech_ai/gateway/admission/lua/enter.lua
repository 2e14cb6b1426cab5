-- KEYS: call, live calls of the tenant, month, breaker, the target's window, the tenant's window[, case]

local call, live, month, case = KEYS[1], KEYS[2], KEYS[3], KEYS[7]
local id, attempt, tenant = ARGV[1], ARGV[2], ARGV[3]
local hold, tokens = tonumber(ARGV[4]), tonumber(ARGV[5])
local request_limit, case_limit, month_limit = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local patience, probe_lease = tonumber(ARGV[9]), tonumber(ARGV[10])
local ticket = id .. ' ' .. attempt

local record = redis.call('HMGET', call, 'held', 'cost', 'entered ' .. attempt, 'month')
if record[2] then
  return {'finished'}
end
if record[3] then
  local probe, era = string.match(record[3], '^(%d) (%d+)$')
  return {'entered', tonumber(probe), tonumber(era)}
end
-- The month in which a call began pays for all of it.
month = record[4] or month
local totals = redis.call('HMGET', month, 'built', 'spent', 'held', 'short')
if not totals[1] then
  return {'unbuilt', 'month'}
end
local case_others, case_built = 0, false
if case then
  local found = redis.call('HGETALL', case)
  for position = 1, #found, 2 do
    if found[position] == 'built' then
      case_built = true
    elseif found[position] ~= id then
      case_others = case_others + tonumber(found[position + 1])
    end
  end
end
if case and not case_built then
  if tonumber(ARGV[15]) < tonumber(totals[1]) + SKEW_SECONDS then
    return {'unbuilt', 'case'}
  end
  redis.call('HSET', case, 'built', 0)
  redis.call('EXPIRE', case, CASE_SECONDS)
end

local breaker = read_breaker(KEYS[4])
local there = read_window(KEYS[5], tonumber(ARGV[11]), tonumber(ARGV[12]))
local here = read_window(KEYS[6], tonumber(ARGV[13]), tonumber(ARGV[14]))

local function refused(reason, seconds, budget, news)
  leave_line(there, ticket)
  leave_line(here, ticket)
  local wait = seconds and seconds < math.huge and exact(seconds) or ''
  return {'refused', reason, wait, budget or '', unpack(news or {})}
end

local wait = breaker_wait(breaker)
if wait then
  return refused('circuit_open', wait)
end

local held_before = tonumber(record[1] or 0)
local spent, held = tonumber(totals[2]), tonumber(totals[3]) - held_before + hold
if hold > request_limit then
  return refused('budget_spent', nil, 'request')
end
if case and case_others + hold > case_limit then
  return refused('budget_spent', nil, 'case')
end
if spent + held > month_limit then
  local news = {}
  if spent + hold > month_limit then
    local short = math.min(hold, tonumber(totals[4] or hold))
    redis.call('HSET', month, 'limit', whole(month_limit), 'short', whole(short))
    news = news_of(month, math.max(spent, month_limit), month_limit)
  end
  return refused('budget_spent', nil, 'month', news)
end

-- Who stands in the target's line has passed the tenant's.
local need = {requests = 1, tokens = tokens}
local passed = there.bounded and redis.call('ZSCORE', there.line, ticket)
local nap, foreseen
if not passed then
  nap, foreseen = pass(here, ticket, tenant, need, patience)
  if not nap then
    return refused('rate_limited', foreseen)
  elseif nap > 0 then
    return {'wait', exact(nap)}
  end
end
nap, foreseen = pass(there, ticket, tenant, need, patience)
if not nap then
  return refused('rate_limited', foreseen)
end
if not passed then
  take(here, need)
end
if nap > 0 then
  return {'wait', exact(nap)}
end
take(there, need)

local probe = 0
if breaker.state == 'half_open' then
  begin_probe(breaker, ticket, probe_lease)
  probe = 1
end
redis.call('HSET', month, 'held', whole(held), 'limit', whole(month_limit))
if case then
  redis.call('HSET', case, id, whole(hold))
end
redis.call(
  'HSET', call, 'held', whole(hold), 'month', month, 'case', case or '',
  'entered ' .. attempt, probe .. ' ' .. breaker.era
)
redis.call('EXPIRE', call, CALL_SECONDS)
redis.call('ZADD', live, exact(now), id)
-- An empty list is gone, and its end with it; while something is held, it is not empty.
if held == hold then
  redis.call('EXPIRE', live, LIVE_SECONDS)
end
return {'entered', probe, breaker.era}
