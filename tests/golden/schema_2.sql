PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')),
  queue_position INTEGER NOT NULL,
  owner_uid INTEGER NOT NULL,
  identity TEXT NOT NULL,
  definition TEXT NOT NULL,
  model TEXT NOT NULL,
  higher_is_better INTEGER NOT NULL CHECK (higher_is_better IN (0, 1)),
  job_file_digest TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  target TEXT NOT NULL,
  other_weight_count INTEGER NOT NULL,
  strategy_version INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 16),
  chain BLOB NOT NULL CHECK (length(chain) = 16),
  epoch INTEGER NOT NULL DEFAULT 1,
  accepts_fingerprint INTEGER NOT NULL DEFAULT 0 CHECK (accepts_fingerprint IN (0, 1)),
  waits_for_space INTEGER NOT NULL DEFAULT 0 CHECK (waits_for_space IN (0, 1)),
  ended_early INTEGER NOT NULL DEFAULT 0 CHECK (ended_early IN (0, 1)),
  best_seq INTEGER,
  submitted_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  error TEXT,
  message TEXT
, evaluation_digest TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO job VALUES(1,'finished','done',1,0,'48e125335a8af88586c1d7255d8cb960','{"constraints":[],"evaluation":{"batches_max":-1,"dataloader":{"batch_size":100,"dataset":{"name":"npy","parameters":{"input":"/data/x.npy"}},"discard_last_batch":false,"transforms":[]},"metric":{"name":"topk","parameters":{"k":1}},"postprocess":[]},"folder":"/golden","inputs":[],"model_path":"/golden/finished.onnx","name":"finished","outputs":[],"performance":{"rounds":30,"warmup":5},"precisions":["bf16"],"seed":1978,"settings":{"criterion":{"higher_is_better":true,"relative":false,"tolerance":0.004},"exit_policy":{"max_trials":100,"performance_only":false,"timeout_seconds":0.0},"objective":"performance"},"threads":0,"version":1}','/golden/finished.onnx',1,'defb8a717f9c2efced78d099a45b3d1e8b42c19b67c68584e76ea642b156561b','6f7e2301abc15a1c829d9154eb3111755c1e35f46eda2c42fd6d7ce3ad0ba14d','bf16',0,1,X'663190e9ee3e5c417f6852674ad557c8',X'e00df94dc668e747a3644514599cd69d',1,0,0,0,5,1767225600000000,1767225600000000,1767225610400000,NULL,'trial 5 meets the goal with accuracy 0.8974167 and 1 of 3 operators below fp32','29aadacbf578fe85a399375ded8706c1');
INSERT INTO job VALUES(2,'killed','running',2,0,'02a996f74e902db3dce4a24414388122','{"constraints":[],"evaluation":{"batches_max":-1,"dataloader":{"batch_size":100,"dataset":{"name":"npy","parameters":{"input":"/data/x.npy"}},"discard_last_batch":false,"transforms":[]},"metric":{"name":"topk","parameters":{"k":1}},"postprocess":[]},"folder":"/golden","inputs":[],"model_path":"/golden/killed.onnx","name":"killed","outputs":[],"performance":{"rounds":30,"warmup":5},"precisions":["bf16"],"seed":1978,"settings":{"criterion":{"higher_is_better":true,"relative":false,"tolerance":-0.5},"exit_policy":{"max_trials":100,"performance_only":false,"timeout_seconds":0.0},"objective":"performance"},"threads":0,"version":1}','/golden/killed.onnx',1,'07ca4cc66e4bc9dcb6d498f3d2bdd009303501799720d7bbbeb1824072400588','333dedeb769903202d7793a10dca11ed38e75eb863223b19c81b25d9a11f7345','bf16',0,1,X'36deef466a67832975059a6b8db4e663',X'8b39d329c336576189d50ac59419012c',1,0,0,0,1,1767225610400000,1767225610400000,NULL,NULL,NULL,'89f45549d3808d82217bdeca98a759fb');
INSERT INTO job VALUES(3,'queued','queued',3,0,'eeab6584e34dd53dfd40729656ea45c2','{"constraints":[],"evaluation":{"batches_max":-1,"dataloader":{"batch_size":100,"dataset":{"name":"npy","parameters":{"input":"/data/x.npy"}},"discard_last_batch":false,"transforms":[]},"metric":{"name":"topk","parameters":{"k":1}},"postprocess":[]},"folder":"/golden","inputs":[],"model_path":"/golden/queued.onnx","name":"queued","outputs":[],"performance":{"rounds":30,"warmup":5},"precisions":["bf16"],"seed":1978,"settings":{"criterion":{"higher_is_better":true,"relative":false,"tolerance":0.004},"exit_policy":{"max_trials":100,"performance_only":false,"timeout_seconds":0.0},"objective":"performance"},"threads":0,"version":1}','/golden/queued.onnx',1,'a96a15b9b56da224c31d8d011ddc30c8a89ebcf82b1e21c8728780ab91b22010','e9ef1d816d1c9040379aa4c0aa8c357006bc558709a2013d95eae864aa12c554','bf16',0,1,X'c04c5f01a0364f0c3d0e51a9486ddcf7',X'c04c5f01a0364f0c3d0e51a9486ddcf7',1,0,0,0,NULL,1767225615600000,NULL,NULL,NULL,NULL,'78f91ece340777cbf783cbab901305fc');
CREATE TABLE input (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
INSERT INTO input VALUES(1,0,'/data/x.npy','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO input VALUES(2,0,'/data/x.npy','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO input VALUES(3,0,'/data/x.npy','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE TABLE op (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  precisions TEXT NOT NULL,
  pinned TEXT,
  weight_count INTEGER NOT NULL,
  PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
INSERT INTO op VALUES(1,0,'op0','Conv','fp32,bf16',NULL,100);
INSERT INTO op VALUES(1,1,'op1','Gemm','fp32,bf16',NULL,100);
INSERT INTO op VALUES(1,2,'op2','Conv','fp32,bf16',NULL,100);
INSERT INTO op VALUES(2,0,'op0','Conv','fp32,bf16',NULL,100);
INSERT INTO op VALUES(2,1,'op1','Gemm','fp32,bf16',NULL,100);
INSERT INTO op VALUES(2,2,'op2','Conv','fp32,bf16',NULL,100);
INSERT INTO op VALUES(3,0,'op0','Conv','fp32,bf16',NULL,100);
INSERT INTO op VALUES(3,1,'op1','Gemm','fp32,bf16',NULL,100);
INSERT INTO op VALUES(3,2,'op2','Conv','fp32,bf16',NULL,100);
CREATE TABLE epoch (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
INSERT INTO epoch VALUES(1,1,'cpu 1',0,1767225600000000);
INSERT INTO epoch VALUES(2,1,'cpu 1',0,1767225610400000);
INSERT INTO epoch VALUES(3,1,'cpu 1',0,1767225615600000);
CREATE TABLE proposal (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  stage TEXT NOT NULL,
  config_digest BLOB NOT NULL CHECK (length(config_digest) = 32),
  PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO proposal VALUES(2,2,'fallback',X'8d39e503c0fa7c908556f9c6d5aad40c28aab626b1f02e0bbd2746bc921083d1');
CREATE TABLE pass (
  job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  members BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  stalls INTEGER NOT NULL,
  furthest_batch INTEGER NOT NULL,
  batches_done INTEGER NOT NULL,
  seconds REAL NOT NULL,
  started_at INTEGER NOT NULL,
  checkpoint TEXT,
  digest BLOB NOT NULL CHECK (length(digest) = 16)
) STRICT;
INSERT INTO pass VALUES(2,X'8d39e503c0fa7c908556f9c6d5aad40c28aab626b1f02e0bbd2746bc921083d1c0bc409078ebb24db3dbeee8b41cbd3e93b5ed4063ed7ef56269917b4b5459618244f0b5de4fab93b5764968c74f7aed6ba34c63583a8820e78db44bad7c8334',1,0,0,0,0.0,1767225614400000,NULL,X'9606490f266687da0711a744328ecd9d');
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  job INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  kind TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
INSERT INTO event VALUES(1,1767225600000000,1,'info','submitted','the job is queued');
INSERT INTO event VALUES(2,1767225600000000,1,'info','started','the job is taken up');
INSERT INTO event VALUES(3,1767225602000000,1,'info','trial','trial 0 (baseline): accuracy 0.90075');
INSERT INTO event VALUES(4,1767225604000000,1,'info','trial','trial 1 (model_wise): accuracy 0.8774167');
INSERT INTO event VALUES(5,1767225606000000,1,'info','trial','trial 2 (fallback, op2 in fp32): accuracy 0.89075');
INSERT INTO event VALUES(6,1767225606000000,1,'info','trial','trial 3 (fallback, op1 in fp32): accuracy 0.8840833');
INSERT INTO event VALUES(7,1767225608000000,1,'info','trial','trial 4 (fallback, op0 in fp32): accuracy 0.88075');
INSERT INTO event VALUES(8,1767225610400000,1,'info','trial','trial 5 (incremental): accuracy 0.8974167');
INSERT INTO event VALUES(9,1767225610400000,1,'info','measured','trial 5: latency 9 ms, fp32 10 ms');
INSERT INTO event VALUES(10,1767225610400000,1,'info','goal_met','trial 5 is the first to meet the goal');
INSERT INTO event VALUES(11,1767225610400000,1,'info','finished','trial 5 meets the goal with accuracy 0.8974167 and 1 of 3 operators below fp32');
INSERT INTO event VALUES(12,1767225610400000,2,'info','submitted','the job is queued');
INSERT INTO event VALUES(13,1767225610400000,2,'info','started','the job is taken up');
INSERT INTO event VALUES(14,1767225612400000,2,'info','trial','trial 0 (baseline): accuracy 0.90075');
INSERT INTO event VALUES(15,1767225614400000,2,'info','trial','trial 1 (model_wise): accuracy 0.8774167');
INSERT INTO event VALUES(16,1767225615600000,3,'info','submitted','the job is queued');
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
INSERT INTO trial VALUES(1,0,1,'baseline',NULL,'done',0.90075000000000005062,NULL,0,NULL,NULL,NULL,NULL,1000,2000,2.0,1,NULL,NULL,1767225600000000,1767225602000000,0,X'774702d00b3ef6c9f67ccfc99ee9103153ec735ede0f680ac1676d0663d31014',X'666666',X'ea4d539b40df6c70ff58dd4d9908c01f');
INSERT INTO trial VALUES(1,1,1,'model_wise',NULL,'done',0.87741666666666673357,NULL,0,NULL,NULL,NULL,NULL,1000,2000,2.0,1,NULL,NULL,1767225602000000,1767225604000000,3,X'3d8e55b0f07793fca027e95c9779e2f3b3ac8edd16b5a9fd5f18b5606c45086a',X'626262',X'cb59783d19ff687accc5d830e3e7902b');
INSERT INTO trial VALUES(1,2,1,'fallback',2,'done',0.89075000000000004174,NULL,0,NULL,NULL,NULL,NULL,1000,2000,1.0,1,NULL,NULL,1767225604000000,1767225606000000,2,X'8d39e503c0fa7c908556f9c6d5aad40c28aab626b1f02e0bbd2746bc921083d1',X'626266',X'3a3c331066d36e5dc2c5a9e268e57964');
INSERT INTO trial VALUES(1,3,1,'fallback',1,'done',0.88408333333333344317,NULL,0,NULL,NULL,NULL,NULL,1000,2000,1.0,1,NULL,NULL,1767225604000000,1767225606000000,2,X'c0bc409078ebb24db3dbeee8b41cbd3e93b5ed4063ed7ef56269917b4b545961',X'626662',X'3ee693bdcbc4fe6a1fa361029e1d92e0');
INSERT INTO trial VALUES(1,4,1,'fallback',0,'done',0.88075000000000003286,NULL,0,NULL,NULL,NULL,NULL,1000,2000,2.0,1,NULL,NULL,1767225606000000,1767225608000000,2,X'8244f0b5de4fab93b5764968c74f7aed6ba34c63583a8820e78db44bad7c8334',X'666262',X'7211048e8854695b08c131968181b6ec');
INSERT INTO trial VALUES(1,5,1,'incremental',NULL,'done',0.89741666666666675133,NULL,1,9000000,1.1111111111111111604,1.1100000000000000976,1.1122222222222222232,1000,2000,2.3999999999999999111,1,NULL,NULL,1767225608000000,1767225610400000,1,X'c8be0b3e012b5798551a590e0fb15cfcdb49c7f5a2ac9916fa4b693947114e64',X'626666',X'e00df94dc668e747a3644514599cd69d');
INSERT INTO trial VALUES(2,0,1,'baseline',NULL,'done',0.90075000000000005062,NULL,0,NULL,NULL,NULL,NULL,1000,2000,2.0,1,NULL,NULL,1767225610400000,1767225612400000,0,X'774702d00b3ef6c9f67ccfc99ee9103153ec735ede0f680ac1676d0663d31014',X'666666',X'761fa6d56c2bad0bd5f087a58b215032');
INSERT INTO trial VALUES(2,1,1,'model_wise',NULL,'done',0.87741666666666673357,NULL,0,NULL,NULL,NULL,NULL,1000,2000,2.0,1,NULL,NULL,1767225612400000,1767225614400000,3,X'3d8e55b0f07793fca027e95c9779e2f3b3ac8edd16b5a9fd5f18b5606c45086a',X'626262',X'8b39d329c336576189d50ac59419012c');
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
INSERT INTO measurement VALUES(1,5,9000000,8999995,9000005,10000000,9999990,10000010,X'f3aa6d30e67324c3d96b2790de1e7e80');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('job',3);
INSERT INTO sqlite_sequence VALUES('event',16);
CREATE INDEX job_by_state ON job (state, queue_position);
CREATE INDEX job_by_identity ON job (identity);
CREATE INDEX job_by_name ON job (name);
CREATE INDEX event_by_job ON event (job, id);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN
  SELECT raise(ABORT, 'events are only added');
END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
BEGIN
  SELECT raise(ABORT, 'events are only added');
END;
CREATE VIEW events AS
SELECT
  id,
  strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000 / 1000.0, 'unixepoch') AS at,
  job,
  level,
  kind,
  message
FROM event;
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
COMMIT;
PRAGMA application_id = 1634562148; PRAGMA user_version = 2;
