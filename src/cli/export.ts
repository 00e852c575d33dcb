/** @file `impressionist export`: a model in another form. One entry of {@link FORMATS} a form. */
import { Command, Option } from 'commander';

interface ExportOptions {
  readonly format: string;
  readonly out: string;
}

/** A form of model: what `--help` says of it, and how it is written. */
interface Format {
  readonly description: string;
  readonly write: (model: string, options: ExportOptions) => Promise<void>;
}

const FORMATS: Readonly<Record<string, Format>> = {
  onnx: {
    description: 'encoder, decoder and decoder-with-past as ONNX, in the layout of Transformers.js and Optimum',
    write: async (name, { out }) => {
      const [{ openModel }, { exportOnnx }] = await Promise.all([
        import('../models/open.js'),
        import('../models/export-onnx.js'),
      ]);
      await exportOnnx(await openModel(name), out);
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
    .argument('<model>', 'model directory')
    .addOption(new Option('--format <name>', 'the form').choices(Object.keys(FORMATS)).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder for the files; made if missing')
    .action(async (model: string, options: ExportOptions) => {
      await FORMATS[options.format].write(model, options);
      console.error(`Written to ${options.out}`);
    });
