-- A stage that refines, trials that end early, measured speedups, results taken from other jobs.
-- A CHECK can only be changed with its table: both tables are written anew, the one that refers to
-- the other first.

DROP VIEW jobs;
DROP VIEW trials;
DROP VIEW trial_ops;
DROP VIEW rankings;
DROP VIEW resumes;
DROP TRIGGER trial_is_never_changed;

ALTER TABLE measurement RENAME TO old_measurement;
ALTER TABLE trial RENAME TO old_trial;

-- With an outcome. `chain` digests the row and the previous row's chain. `speedup` is the median
-- of the ratios to the fp32 baseline, with the bounds of its confidence. A `reused_from` with a
-- `reused_job` is a trial of that job.
CREATE TABLE trial (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN (
    'baseline', 'model_wise', 'fallback', 'incremental', 'refine')),
  op INTEGER,
  state TEXT NOT NULL CHECK (state IN ('done', 'invalid', 'failed', 'aborted')),
  accuracy REAL CHECK ((state = 'done') = (accuracy IS NOT NULL)),
  reason TEXT,
  meets_goal INTEGER NOT NULL CHECK (meets_goal IN (0, 1)),
  latency_ns INTEGER,
  speedup REAL,
  speedup_low REAL,
  speedup_high REAL,
  model_bytes INTEGER,
  footprint_bytes INTEGER,
  seconds REAL NOT NULL,
  attempts INTEGER NOT NULL,
  reused_from INTEGER,
  reused_job INTEGER,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  low_ops INTEGER NOT NULL,
  config_digest BLOB NOT NULL CHECK (length(config_digest) = 32),
  precisions BLOB NOT NULL,
  chain BLOB NOT NULL CHECK (length(chain) = 16),
  PRIMARY KEY (job, seq)
) STRICT;

INSERT INTO trial (
  job, seq, epoch, stage, op, state, accuracy, reason, meets_goal, latency_ns, model_bytes,
  footprint_bytes, seconds, attempts, reused_from, started_at, finished_at, low_ops,
  config_digest, precisions, chain)
SELECT
  job, seq, epoch, stage, op, state, accuracy, reason, meets_goal, latency_ns, model_bytes,
  footprint_bytes, seconds, attempts, reused_from, started_at, finished_at, low_ops,
  config_digest, precisions, chain
FROM old_trial;

-- Latency of a trial's config and, in rounds between its own, of the fp32 baseline.
CREATE TABLE measurement (
  job INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  latency_ns INTEGER NOT NULL,
  latency_ns_p10 INTEGER NOT NULL,
  latency_ns_p90 INTEGER NOT NULL,
  baseline_latency_ns INTEGER NOT NULL,
  baseline_latency_ns_p10 INTEGER NOT NULL,
  baseline_latency_ns_p90 INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 16),
  PRIMARY KEY (job, seq),
  FOREIGN KEY (job, seq) REFERENCES trial (job, seq) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO measurement SELECT * FROM old_measurement;

DROP TABLE old_measurement;
DROP TABLE old_trial;

-- Digest of all that decides an accuracy, but for the machine and the config; empty: not known.
ALTER TABLE job ADD COLUMN evaluation_digest TEXT NOT NULL DEFAULT '';

CREATE INDEX job_by_evaluation ON job (evaluation_digest);

CREATE TRIGGER trial_is_never_changed BEFORE UPDATE ON trial
BEGIN
  SELECT raise(ABORT, 'a trial with an outcome is never changed');
END;

CREATE VIEW jobs AS
SELECT
  job.id,
  job.name,
  job.state,
  coalesce(
    (SELECT stage FROM proposal WHERE proposal.job = job.id ORDER BY seq LIMIT 1),
    (SELECT stage FROM trial WHERE trial.job = job.id ORDER BY seq DESC LIMIT 1)) AS stage,
  CASE WHEN baseline.accuracy IS NOT NULL THEN coalesce(best.meets_goal, 0) END AS goal_met,
  coalesce((SELECT max(seq) + 1 FROM trial WHERE trial.job = job.id), 0) AS trials_done,
  baseline.accuracy AS baseline_accuracy,
  best.accuracy AS best_accuracy,
  job.best_seq,
  coalesce(best.speedup, 1.0 * measurement.baseline_latency_ns / measurement.latency_ns) AS speedup,
  strftime('%Y-%m-%dT%H:%M:%fZ', job.submitted_at / 1000 / 1000.0, 'unixepoch') AS submitted_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', job.started_at / 1000 / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', job.finished_at / 1000 / 1000.0, 'unixepoch') AS finished_at,
  job.model,
  job.error
FROM job
LEFT JOIN trial AS baseline ON baseline.job = job.id AND baseline.seq = 0
LEFT JOIN trial AS best ON best.job = job.id AND best.seq = job.best_seq
LEFT JOIN measurement ON measurement.job = job.id AND measurement.seq = job.best_seq;

CREATE VIEW trials AS
SELECT
  trial.job,
  trial.seq,
  trial.stage,
  trial.state,
  trial.accuracy,
  trial.accuracy - baseline.accuracy AS delta,
  trial.meets_goal,
  coalesce(trial.latency_ns, measurement.latency_ns,
    CASE WHEN trial.seq = 0 THEN beside_best.baseline_latency_ns END) / 1e6 AS latency_ms,
  trial.low_ops,
  length(trial.precisions) - trial.low_ops AS fp32_ops,
  trial.attempts,
  trial.reused_from,
  strftime('%Y-%m-%dT%H:%M:%fZ', trial.started_at / 1000 / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', trial.finished_at / 1000 / 1000.0, 'unixepoch') AS finished_at,
  CASE WHEN trial.reused_from IS NULL THEN trial.seconds ELSE 0.0 END AS seconds,
  lower(hex(trial.config_digest)) AS config_digest,
  trial.reason,
  changed.name AS op,
  trial.reused_job
FROM trial
JOIN job ON job.id = trial.job
LEFT JOIN trial AS baseline ON baseline.job = trial.job AND baseline.seq = 0
LEFT JOIN op AS changed ON changed.job = trial.job AND changed.position = trial.op
LEFT JOIN measurement ON measurement.job = trial.job AND measurement.seq = trial.seq
LEFT JOIN measurement AS beside_best
  ON beside_best.job = trial.job AND beside_best.seq = job.best_seq;

CREATE VIEW trial_ops AS
SELECT
  trial.job,
  trial.seq,
  op.name AS op,
  op.type AS op_type,
  CASE substr(trial.precisions, op.position + 1, 1)
    WHEN x'66' THEN 'fp32'
    WHEN x'62' THEN 'bf16'
    WHEN x'68' THEN 'fp16'
    WHEN x'69' THEN 'int8'
  END AS dtype
FROM trial
JOIN op ON op.job = trial.job;

CREATE VIEW rankings AS
SELECT
  fallback.job,
  row_number() OVER (
    PARTITION BY fallback.job
    ORDER BY
      fallback.accuracy IS NULL,
      CASE WHEN job.higher_is_better THEN -fallback.accuracy ELSE fallback.accuracy END,
      fallback.seq) AS rank,
  op.name AS op,
  op.type AS op_type,
  fallback.accuracy,
  CASE
    WHEN job.higher_is_better THEN fallback.accuracy - model_wise.accuracy
    ELSE model_wise.accuracy - fallback.accuracy
  END AS impact
FROM trial AS fallback
JOIN job ON job.id = fallback.job
JOIN op ON op.job = fallback.job AND op.position = fallback.op
LEFT JOIN trial AS model_wise ON model_wise.job = fallback.job AND model_wise.seq = 1
WHERE fallback.stage = 'fallback';

CREATE VIEW resumes AS
SELECT id AS job, 'strategy_version' AS key, CAST(strategy_version AS TEXT) AS value FROM job
UNION ALL
SELECT id, 'epoch', CAST(epoch AS TEXT) FROM job
UNION ALL
SELECT job.id, 'fingerprint', epoch.fingerprint
FROM job JOIN epoch ON epoch.job = job.id AND epoch.number = job.epoch
UNION ALL
SELECT id, 'stage', stage FROM jobs
UNION ALL
SELECT id, 'best_seq', CAST(best_seq AS TEXT) FROM job
UNION ALL
SELECT id, 'best_accuracy', printf('%!.17g', best_accuracy) FROM jobs
WHERE best_accuracy IS NOT NULL
UNION ALL
SELECT job.id, 'ranking',
  (SELECT '['
     || coalesce(group_concat('"' || replace(replace(op, '\', '\\'), '"', '\"') || '"'), '')
     || ']'
   FROM (SELECT op FROM rankings WHERE rankings.job = job.id ORDER BY rank))
FROM job
UNION ALL
SELECT job.id, 'seconds_used',
  printf('%!.17g',
    (SELECT total(seconds) FROM trial WHERE trial.job = job.id AND reused_from IS NULL)
    + coalesce((SELECT seconds FROM pass WHERE pass.job = job.id), 0.0))
FROM job;
