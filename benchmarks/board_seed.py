"""A desk with very much on it, made by PostgreSQL itself: cases, handoffs and their clocks, spread as work is."""

from datetime import datetime

import psycopg

BACK_DAYS = 30
_CASES = """
INSERT INTO cases (id, number, journey, journey_version, business_key, subject_key, stage, order_no, parcel_no, attempt,
  customer_no, customer_name, tier, cause, ticket_no, outcome, submitted_by, opened_at, updated_at, closed_at,
  wait_kind, wait_since, wait_mover, wait_about, run_id, run_ordinal, seq)
SELECT md5('case' || n)::uuid, 'FD-' || lpad(n::text, 7, '0'), 'failed-delivery', 1, 'k' || n, 's' || n,
  CASE WHEN n > %(open)s THEN 'closed' WHEN n %% 10 < 7 THEN 'with_service' WHEN n %% 10 < 9 THEN 'marking'
    ELSE 'resolving' END,
  (4000000 + n)::text, 'P-' || n, 1, '', 'Customer ' || n, (ARRAY['A','B','C'])[n %% 3 + 1], 'absence', '', '', 'ops',
  at, at, CASE WHEN n > %(open)s THEN at + interval '3 hours' END, 'nothing', at + interval '1 hour', '', '', '', 0, 0
FROM (SELECT n, %(now)s::timestamptz - (random() * %(back)s) * interval '1 day' AS at
      FROM generate_series(1, %(handoffs)s) AS n) AS made
"""
_HANDOFFS = """
INSERT INTO handoffs (id, case_id, number, kind, queue, state, why, offered_by, channel, persona, priority, packet,
  policy, policy_version, offered_at, due_at, paused, picked_up_by, picked_up_at, wait_for, wait_about, ended_at,
  completed_by, returned_reason, run_id, run_ordinal, seq)
SELECT md5('handoff' || n)::uuid, md5('case' || n)::uuid, 1, 'service',
  (ARRAY['service','service','service','bot','dispatch'])[n %% 5 + 1],
  CASE WHEN n > %(open)s THEN 'completed' WHEN n %% 4 = 0 THEN 'picked_up' ELSE 'offered' END, 'failed', '', '', '',
  'normal',
  jsonb_build_object('case_number', 'FD-' || n, 'happened', repeat('Nobody was at home. ', 60)), 'any', '1',
  c.opened_at, c.opened_at + interval '8 hours', '',
  CASE WHEN n %% 4 = 0 OR n > %(open)s THEN 'bench' || n %% %(people)s || '@example.org' END,
  CASE WHEN n %% 4 = 0 OR n > %(open)s THEN c.opened_at + interval '1 hour' END,
  CASE WHEN n %% 12 = 0 AND n <= %(open)s THEN 'customer' ELSE '' END, '', c.closed_at,
  CASE WHEN n > %(open)s THEN 'bench' || n %% %(people)s || '@example.org' END, '', '', 0, 0
FROM generate_series(1, %(handoffs)s) AS n JOIN cases c ON c.id = md5('case' || n)::uuid
"""
_CLOCKS = """
INSERT INTO handoff_clocks (id, handoff_id, case_id, name, kind, state, started_at, due_at, risk_at, breached_at,
  ended_at, outcome, clock)
SELECT md5(timer || h.id)::uuid, h.id, h.case_id, timer, timer, 'running', h.offered_at, h.offered_at + lasts,
  h.offered_at + lasts * 0.75, CASE WHEN h.offered_at + lasts < %(now)s AND ended IS NULL THEN h.offered_at + lasts END,
  ended, CASE WHEN ended IS NULL THEN '' ELSE 'met' END, '{}'
FROM (SELECT h.*, timer, lasts,
        CASE WHEN timer <> 'resolution' AND picked_up_at IS NOT NULL THEN picked_up_at ELSE ended_at END AS ended
      FROM handoffs h, (VALUES ('first_response', interval '3 days'), ('acceptance', interval '2 days'),
                               ('resolution', interval '29 days')) AS targets (timer, lasts)) AS h
"""
_PEOPLE = """
INSERT INTO users (id, email, name, role, password_hash, demo, created_at)
SELECT gen_random_uuid(), 'bench' || n || '@example.org', 'Agent ' || n, 'agent', '', false, %(now)s
FROM generate_series(0, %(people)s - 1) AS n
"""


def seed(url: str, now: datetime, *, handoffs: int, still_open: int, people: int) -> None:
    """So many handoffs, each of a case of its own with its three clocks; the first of them are still open."""
    sizes = {"handoffs": handoffs, "open": still_open, "people": people, "now": now, "back": BACK_DAYS}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.5)")
        for statement in (_PEOPLE, _CASES, _HANDOFFS, _CLOCKS):
            connection.execute(statement.encode(), sizes)
        connection.execute("VACUUM ANALYZE")
