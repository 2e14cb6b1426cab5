-- A finished call: what it held is free again, what it cost is spent. Returns what people should be told.

local function settle(call, id, live, cost)
  local record = redis.call('HMGET', call, 'held', 'month', 'case', 'cost')
  if record[4] or not record[1] then
    return {}
  end
  local month, case, news = record[2], record[3], {}
  local totals = redis.call('HMGET', month, 'spent', 'held', 'limit')
  if totals[1] then
    local spent = tonumber(totals[1]) + cost
    redis.call('HSET', month, 'spent', whole(spent), 'held', whole(tonumber(totals[2]) - tonumber(record[1])))
    if totals[3] then
      news = news_of(month, spent, tonumber(totals[3]))
    end
  end
  if case ~= '' then
    if redis.call('HSET', case, id, whole(cost)) == 1 then
      redis.call('EXPIRE', case, CASE_SECONDS)
    end
  end
  redis.call('HSET', call, 'cost', whole(cost))
  redis.call('ZADD', live, exact(-now), id)
  return news
end
