-- What has been spent, and what may be? All money is in micro-dollars.
--
-- A month is a hash: what its finished calls have cost (spent) and what unfinished ones hold (held). A case is a hash
-- of what each of its calls has cost or holds. A call is a hash of what it holds and of whom. When it is settled, what it
-- cost stays there for a while, so that a worker that was taken for dead cannot begin it again. The calls of a tenant
-- are listed by time: since when they hold, or, as a negative number, when they were settled.
-- A month or case that is not marked as built is not known: it has to be made from PostgreSQL first. A case that was
-- opened after its month was made is new, though, and has spent nothing: cases are kept longer than a month.

local CALL_SECONDS, CASE_SECONDS, LIVE_SECONDS = 7200, 3456000, 172800
-- By so much the clocks of two machines may differ.
local SKEW_SECONDS = 60
local NEARLY = 0.8

-- What people should be told now, for the first time in the month: 'spent 2026-11'.
local function news_of(month, spent, limit)
  local news = {}
  if spent >= NEARLY * limit and redis.call('HSETNX', month, 'nearly_spent', exact(now)) == 1 then
    news[#news + 1] = 'nearly_spent ' .. string.sub(month, -7)
  end
  if spent >= limit and redis.call('HSETNX', month, 'all_spent', exact(now)) == 1 then
    news[#news + 1] = 'spent ' .. string.sub(month, -7)
  end
  return news
end
