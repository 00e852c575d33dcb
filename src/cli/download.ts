/** @file A hub download shown as a progress bar a file. */
import type { DownloadProgress } from '../models/hub.js';
import { type Progress, startProgress } from './progress.js';

/** Files smaller than this come at once and are not shown, in bytes. */
const SHOWN_FROM = 1e6;

/** @returns What a download tells its progress to. */
export const showDownload = (): DownloadProgress => {
  let current: { file: string; progress: Progress } | undefined;
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
  const onBytes = (file: string, bytes: number, total: number): void => {
    if (total < SHOWN_FROM) return;
    if (current?.file !== file) {
      current?.progress.stop();
      current = { file, progress: startProgress(`downloading ${file}`, megabytes(total), 'MB') };
    }
    current.progress.update(megabytes(bytes));
    if (bytes === total) {
      current.progress.stop();
      current = undefined;
    }
  };
  const onWait = (file: string): void =>
    console.error(`Another process is downloading ${file}: waiting until it is done.`);
  return Object.assign(onBytes, { onWait });
};
