-- How is a provider's model? For the pages. KEYS: breaker, the target's window. ARGV: requests and tokens per minute.

local breaker = read_breaker(KEYS[1])
read_minute(breaker)
local window = read_window(KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]))
local answer = {
  breaker.state,
  exact(math.max(0, (breaker.open_until or 0) - now)),
  breaker.good,
  breaker.bad,
  exact(math.max(0, window.paused - now)),
  redis.call('ZCARD', window.line),
}
for _, kind in ipairs({'requests', 'tokens'}) do
  local found = window.buckets[kind]
  answer[#answer + 1] = found and found.limit < math.huge and whole(found.limit) or ''
end
return answer
