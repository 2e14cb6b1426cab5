-- KEYS: call, live calls of the tenant, breaker, the target's window, the tenant's window
-- Returns for how many seconds the breaker opened, or '', then what people should be told of the budget.

local call, live = KEYS[1], KEYS[2]
local id, attempt, outcome, era = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local opening, jitter = tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, used, retry_after, cost = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local ticket = id .. ' ' .. attempt

local opened
if redis.call('HDEL', call, 'entered ' .. attempt) == 1 then
  opened = report_health(read_breaker(KEYS[3]), ticket, outcome, era, opening, jitter)
  if used and tonumber(ARGV[14]) > 0 then
    correct(read_window(KEYS[5], tonumber(ARGV[13]), tonumber(ARGV[14])), taken, used)
  end
  local there = read_window(KEYS[4], tonumber(ARGV[11]), tonumber(ARGV[12]))
  if used then
    correct(there, taken, used)
  end
  for position = 15, #ARGV, 4 do
    local limit, remaining, reset = unpack(ARGV, position + 1, position + 3)
    learn(there, ARGV[position], tonumber(limit), tonumber(remaining), tonumber(reset))
  end
  if retry_after then
    pause(there, retry_after)
  end
end
local news = cost and settle(call, id, live, cost) or {}
return {opened and exact(opened) or '', unpack(news)}
