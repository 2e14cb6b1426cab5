-- KEYS: call, live calls of the tenant. Returns what people should be told of the budget.

return settle(KEYS[1], ARGV[1], KEYS[2], tonumber(ARGV[2]))
