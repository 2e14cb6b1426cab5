-- Makes a case from what PostgreSQL holds: what each call has cost or holds. What Redis knows of a call is newer.
-- KEYS: case. ARGV: id and amount of each call.

for position = 1, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[position], ARGV[position + 1])
end
redis.call('HSET', KEYS[1], 'built', 0)
redis.call('EXPIRE', KEYS[1], CASE_SECONDS)
