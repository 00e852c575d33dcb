/**
 * @file New lines of a job's log streams in CloudWatch Logs, from look to look.
 *
 * Source: CloudWatch Logs API, `DescribeLogStreams`, `GetLogEvents` (the forward token repeats at the end).
 */
import { DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Clients } from '../aws/clients.js';
import { awsFailure, isMissing } from '../aws/errors.js';

/** Where SageMaker writes its logs. */
export const logGroups = {
  training: '/aws/sagemaker/TrainingJobs',
  transform: '/aws/sagemaker/TransformJobs',
  endpoint: (name: string): string => `/aws/sagemaker/Endpoints/${name}`,
} as const;

/** A line of a log. */
export interface LogLine {
  readonly stream: string;
  readonly text: string;
}

/** Requests of one look, so that a flood of lines cannot hold up the status. */
const pagesPerLook = 20;

/**
 * A reader of a job's log.
 *
 * @param group The log group.
 * @param prefix What its streams' names begin with.
 * @returns A function that gives the lines since the last call; none while there is no log yet.
 * @throws {Failure} (by that function) When the log may not be read.
 */
export const logReader = ({ logs }: Pick<Clients, 'logs'>, group: string, prefix: string) => {
  const tokens = new Map<string, string | undefined>();

  const streams = async (): Promise<string[]> => {
    const answer = await logs.send(
      new DescribeLogStreamsCommand({ logGroupName: group, logStreamNamePrefix: prefix, limit: 50 }),
    );
    return (answer.logStreams ?? []).flatMap(({ logStreamName }) => (logStreamName ? [logStreamName] : []));
  };

  return async (): Promise<LogLine[]> => {
    const lines: LogLine[] = [];
    try {
      for (const stream of await streams()) {
        for (let page = 0; page < pagesPerLook; page++) {
          const nextToken = tokens.get(stream);
          const answer = await logs.send(
            new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, startFromHead: true, nextToken }),
          );
          for (const { message } of answer.events ?? []) lines.push({ stream, text: (message ?? '').trimEnd() });
          tokens.set(stream, answer.nextForwardToken);
          if (answer.nextForwardToken === nextToken || (answer.events ?? []).length === 0) break;
        }
      }
    } catch (error) {
      if (!isMissing(error)) throw awsFailure(error, 'cannot read the log', group);
    }
    return lines;
  };
};
