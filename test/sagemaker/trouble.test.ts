import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  aws,
  data,
  deploy,
  examples,
  left,
  nothing,
  objects,
  role,
  run,
  specPath,
  train,
  trainParameters,
} from './fake/setting.js';

/** A batch transform of the job `demo`. */
const transform = () => {
  const places = ['--data', data, '--out', 'x.jsonl', '--s3', 's3://hospital/batch'];
  return run(['transform', 'demo', ...places, '--instance', 'ml.g5.2xlarge', '--accept-phi-upload']);
};

describe('what goes wrong', () => {
  it('shows the requests and creates nothing in a dry run', async () => {
    const shown = await run(trainParameters('--dry-run').filter((word) => word !== '--accept-phi-upload'));
    expect(shown.code, shown.stderr).toBe(0);
    expect(JSON.parse(shown.stdout).CreateTrainingJob.TrainingJobName).toBe('demo');
    expect(left()).toEqual(nothing);
    expect(objects()).toEqual([]);
    expect(shown.stdout).not.toContain('Lungs are clear');
  });

  it('uploads no report that nobody accepted', async () => {
    const refused = await run(trainParameters().filter((word) => word !== '--accept-phi-upload'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--accept-phi-upload');
    expect(objects()).toEqual([]);
  });

  it('refuses a name that is taken, and leaves the other job’s files as they are', async () => {
    await train();
    const before = aws.state.buckets
      .get('hospital')!
      .get('impressions/demo/input/training/train.jsonl')!
      .body.toString();
    await writeFile(data, JSON.stringify(examples.slice(0, 1)));
    const refused = await run(trainParameters());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/a training job of that name exists, demo, choose another --name/);
    const after = aws.state.buckets
      .get('hospital')!
      .get('impressions/demo/input/training/train.jsonl')!
      .body.toString();
    expect(after).toBe(before);
  });

  it('goes on with its job when AWS’s answer to the request for it is lost', async () => {
    aws.state.faults.push({ operation: 'CreateTrainingJob', times: 1, lost: true });
    const done = await run(trainParameters());
    expect(done.code, done.stderr).toBe(0);
    expect(left().jobs).toEqual(['demo']);
  });

  it('waits out throttling', async () => {
    aws.state.faults.push({
      operation: 'CreateTrainingJob',
      times: 2,
      type: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    aws.state.faults.push({
      operation: 'DescribeTrainingJob',
      times: 1,
      type: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    const { code, stderr } = await run(trainParameters());
    expect(code, stderr).toBe(0);
    expect(left().jobs).toEqual(['demo']);
  });

  it('removes the uploaded reports when the quota does not allow the job, and names the quota', async () => {
    const message = "The account-level service limit 'ml.p3.16xlarge for training job usage' is 0 Instances";
    aws.state.faults.push({ operation: 'CreateTrainingJob', times: 9, type: 'ResourceLimitExceeded', message });
    const refused = await run(trainParameters());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("higher quota of 'ml.p3.16xlarge for training job usage'");
    expect(objects()).toEqual([]);
    expect(left()).toEqual(nothing);
  });

  it('tells why a job failed and what to do', async () => {
    aws.state.behaviour.training = 'fails';
    const failed = await run(trainParameters());
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /the training job failed, demo, got AlgorithmError: out of memory .*lower --set batch_size/,
    );
  });

  it('follows a spot job through its interruption and tells what it saved', async () => {
    aws.state.behaviour.training = 'interrupted';
    const done = await run(trainParameters('--spot', '--max-hours', '10'));
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toContain('Interrupted: Training job interrupted');
    expect(done.stdout).toContain('Spot saved 70 %');
  });

  it('removes an endpoint that never becomes healthy', async () => {
    await train();
    aws.state.behaviour.endpoint = 'never healthy';
    const failed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('did not pass the ping health check');
    expect(failed.stderr).toContain('/aws/sagemaker/Endpoints/drafts');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
  });

  it('removes model and configuration when the endpoint cannot be created', async () => {
    await train();
    aws.state.faults.push({ operation: 'CreateEndpoint', times: 9, type: 'ResourceLimitExceeded', message: 'limit' });
    const failed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Service Quotas');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
  });

  it('streams a text, and says so when the stream breaks in the middle', async () => {
    await deploy();
    aws.state.behaviour.answer = () => 'Kein Erguß – Größe des Herzens unverändert.';
    const whole = await run(['invoke', 'drafts', 'Lungs are clear.', '--stream']);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toBe('Kein Erguß – Größe des Herzens unverändert.\n');
    for (const stream of ['broken', 'error event'] as const) {
      aws.state.behaviour.stream = stream;
      const broken = await run(['invoke', 'drafts', 'Lungs are clear.', '--stream']);
      expect(broken.code).toBe(1);
      expect(broken.stderr).toMatch(
        /the stream broke off, drafts, got .* after \d+ letters, what was shown is not complete/,
      );
      expect(broken.stderr).not.toContain('Lungs');
    }
  });

  it('leaves nothing of an upload that is cut off', async () => {
    const long = 'Clear. '.repeat(40_000);
    await writeFile(
      data,
      JSON.stringify(Array.from({ length: 60 }, (_, i) => ({ study_id: `${i}`, findings: long, impression: 'x' }))),
    );
    aws.state.faults.push({ operation: 'UploadPart', times: 99, skip: 1, cut: true });
    const cut = await run(trainParameters(), { environment: { AWS_MAX_ATTEMPTS: '2' } });
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(/cannot upload|the upload broke off/);
    expect(objects()).toEqual([]);
    expect(left()).toEqual(nothing);

    aws.state.faults.length = 0;
    aws.state.faults.push({ operation: 'UploadPart', times: 1, cut: true });
    const again = await run(trainParameters('--kms-key', 'alias/reports', '--detach'));
    expect(again.code, again.stderr).toBe(0);
    const stored = aws.state.buckets.get('hospital')!.get('impressions/demo/input/training/train.jsonl')!;
    expect(stored).toMatchObject({ encryption: 'aws:kms', kmsKey: 'alias/reports' });
    expect(stored.body.toString().trim().split('\n')).toHaveLength(60);
  });

  it('leaves the job running on Ctrl-C, or stops it, and can be attached again', async () => {
    aws.state.behaviour.training = 'endless';
    const signalAt = { text: 'eval-loss 1.25', signal: 'SIGINT' } as const;
    const leaving = await run(trainParameters(), { signalAt });
    expect(leaving.code).toBe(130);
    expect(leaving.stderr).toContain('impressionist sagemaker train --attach demo');
    expect(aws.state.jobs.get('demo')!.stopping).toBeUndefined();

    const stopping = await run(['train', '--attach', 'demo', '--on-interrupt', 'stop'], { signalAt });
    expect(stopping.code).toBe(130);
    expect(aws.state.jobs.get('demo')!.stopping).toBe(true);
    const confused = await run(['train', '--attach', 'demo', '--spot']);
    expect(confused.stderr).toContain('no meaning here, --spot with --attach');
    const ended = await run(['train', '--attach', 'demo']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('stopped before it had a model');
  });

  it('asks a busy endpoint again, and does not repeat report text in an error', async () => {
    await deploy();
    aws.state.faults.push({ operation: 'InvokeEndpoint', times: 1, type: 'ModelNotReadyException', status: 429 });
    const patient = await run(['invoke', 'drafts', 'Lungs are clear.']);
    expect(patient.code, patient.stderr).toBe(0);
    const message = 'Traceback: could not handle Lungs are clear.';
    aws.state.faults.push({
      operation: 'InvokeEndpoint',
      times: 1,
      type: 'ModelError',
      status: 424,
      more: { OriginalStatusCode: 500, OriginalMessage: message },
    });
    const failed = await run(['invoke', 'drafts', 'Lungs are clear.']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('HTTP 500');
    expect(failed.stderr).not.toContain('Lungs');
    const long = await run(['invoke', 'drafts', 'word '.repeat(1000)]);
    expect(long.stderr).toContain('--truncate');
    const beams = await run(['invoke', 'drafts', 'Lungs are clear.', '--beams', '10']);
    expect(beams.code).toBe(1);
    expect(beams.stderr).toContain('no beam search');
  });

  it('refuses batch transform of a model that is not packed, before anything is created', async () => {
    await train();
    const refused = await transform();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('train with --compress');
    expect(left().models).toEqual([]);
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('cleans up after a transform job that failed', async () => {
    aws.state.behaviour.transform = 'fails';
    await train('--compress');
    const failed = await transform();
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('the transform job failed');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('removes only what it made, and everything of that with --all', async () => {
    await deploy();
    await run([
      'deploy',
      '--pretrained',
      '--model-id',
      'huggingface-text2text-flan-t5-base',
      '--instance',
      'ml.g5.2xlarge',
      '--role',
      role,
      '--name',
      'foreign',
    ]);
    for (const kind of ['models', 'configs', 'endpoints'] as const) aws.state[kind].get('foreign')!.tags = [];
    const refused = await run(['delete', 'foreign']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('not made by this program');
    const rehearsed = await run(['delete', '--all', '--dry-run']);
    expect(rehearsed.stdout).toContain('endpoint drafts');
    expect(left().endpoints).toEqual(['drafts', 'foreign']);
    const all = await run(['delete', '--all']);
    expect(all.code, all.stderr).toBe(0);
    expect(left()).toEqual({
      ...nothing,
      jobs: ['demo'],
      models: ['foreign'],
      configs: ['foreign'],
      endpoints: ['foreign'],
    });
  });

  it('says what it may not list instead of passing it over', async () => {
    await train();
    aws.state.faults.push({
      operation: 'ListEndpoints',
      times: 9,
      type: 'AccessDeniedException',
      message: 'not authorized',
    });
    const partial = await run(['status', '--json']);
    expect(partial.code).toBe(1);
    const report = JSON.parse(partial.stdout);
    expect(report.unknown).toMatchObject([{ kind: 'endpoint' }]);
    expect(report.things).toMatchObject([{ kind: 'training job', name: 'demo' }]);
  });

  it.each([
    ['a missing model', ['--model-id', 'huggingface-text2text-flan-t9'], /the public hub has no such model/],
    ['an unlisted machine', ['--instance', 'ml.g4dn.xlarge'], /does not list this instance type.*ml\.g5\.48xlarge/],
    ['an unknown hyperparameter', ['--set', 'epoch=3'], /did you mean epochs/],
    ['a value out of bounds', ['--set', 'epochs=0'], /give at least 1/],
    ['a bad role', ['--role', 'SageMaker'], /not the ARN of a role/],
    ['the document of another model', ['--spec', specPath, '--model-version', '2.2.7'], /of another model.*2\.2\.3/],
    ['an option that has no meaning', ['--base-model', 's3://hospital/x'], /JumpStart brings its own base model/],
    ['a bucket that is not there', ['--s3', 's3://elsewhere/x'], /NoSuchBucket.*create the bucket/],
  ])('refuses %s before anything is created', async (_, more, message) => {
    const refused = await run(trainParameters(...more));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(message);
    expect(left()).toEqual(nothing);
    expect(objects()).toEqual([]);
  });
});
