/** @file `impressionist prepare`: the MIMIC-CXR zip and the MEDIQA split to example files. */
import { Command } from 'commander';

export const prepareCommand = (): Command =>
  new Command('prepare').description('Make examples from MIMIC-CXR reports.');
