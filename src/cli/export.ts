/** @file `impressionist export`: a model in another form. One entry of {@link FORMATS} a form. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { writeFailure, writeWhole } from '../ground/durable.js';
import { showDownload } from './download.js';

interface ExportOptions {
  readonly format: string;
  readonly out: string;
  readonly adapter?: string;
}

/** A form of model: what `--help` says of it, and how it is written. */
interface Format {
  readonly description: string;
  readonly write: (model: string, options: ExportOptions) => Promise<void>;
}

const FORMATS: Readonly<Record<string, Format>> = {
  onnx: {
    description: 'encoder, decoder and decoder-with-past as ONNX, in the layout of Transformers.js and Optimum',
    write: async (name, { out, adapter }) => {
      const [{ openModel }, { exportOnnx }] = await Promise.all([
        import('../models/open.js'),
        import('../models/export-onnx.js'),
      ]);
      await exportOnnx(await openModel(name, { adapter, onDownload: showDownload() }), out);
    },
  },
  merged: {
    description: 'a model directory as Transformers reads it, an adapter worked into its weights',
    write: async (name, { out, adapter }) => {
      const [{ locateModel, openModel }, { writeModel }, { readRetrieval, writeRetrieval }] = await Promise.all([
        import('../models/open.js'),
        import('../models/directory.js'),
        import('../models/similar.js'),
      ]);
      await writeModel(out, await openModel(name, { adapter, onDownload: showDownload() }));
      const retrieval = await readRetrieval(adapter ?? (await locateModel(name)));
      if (retrieval !== undefined) await writeRetrieval(out, retrieval);
    },
  },
  adapter: {
    description: 'an adapter directory as PEFT reads it, without its base model',
    write: async (name, { out, adapter }) => (await import('../models/adapter.js')).copyAdapter(adapter ?? name, out),
  },
  template: {
    description: 'template.json, the model’s prompt as SageMaker JumpStart keeps it beside its training data',
    write: async (name, { out, adapter }) => {
      const [{ promptOfModel }, { serialiseTemplate, TEMPLATE_FILE }] = await Promise.all([
        import('../models/open.js'),
        import('../reports/jumpstart-template.js'),
      ]);
      const template = serialiseTemplate(await promptOfModel(name, { adapter, onDownload: showDownload() }));
      await mkdir(out, { recursive: true }).catch((error: unknown) => {
        throw writeFailure(out, error);
      });
      await writeWhole(join(out, TEMPLATE_FILE), template);
    },
  },
};

export const exportCommand = (): Command =>
  new Command('export')
    .summary('write a model in another form')
    .description(
      `Write a model in another form:\n${Object.entries(FORMATS)
        .map(([name, { description }]) => `  ${name}: ${description}`)
        .join('\n')}`,
    )
    .argument('<model>', 'model directory, adapter directory (with the base it names), or hub id')
    .addOption(new Option('--format <name>', 'the form').choices(Object.keys(FORMATS)).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder for the files; made if missing')
    .option('--adapter <dir>', 'LoRA adapter to use on the model')
    .action(async (model: string, options: ExportOptions) => {
      await FORMATS[options.format].write(model, options);
      console.error(`Written to ${options.out}`);
    });
