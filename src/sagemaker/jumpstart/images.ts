/**
 * @file Which container image a model runs in. Today's documents name it for each instance family and region;
 * documents of 2023 name only framework versions, for which the few Hugging Face images that Flan-T5 used stand here.
 *
 * Source: AWS Deep Learning Containers, `region_availability.md` and release images; sagemaker-python-sdk 2.257,
 * `jumpstart/artifacts/image_uris.py`.
 */
import { Failure } from '../../ground/failure.js';
import type { EcrSpecs } from './spec.js';
import { instanceFamily, namedRegions, regionalProperty, type Variants } from './variants.js';

/** Accounts that own the Deep Learning Containers, where it is not 763104351884. */
const accounts: Readonly<Record<string, string>> = {
  'af-south-1': '626614931356',
  'ap-east-1': '871362719292',
  'ap-east-2': '975050140332',
  'ap-northeast-3': '364406365360',
  'ap-south-2': '772153158452',
  'ap-southeast-3': '907027046896',
  'ap-southeast-4': '457447274322',
  'ap-southeast-5': '550225433462',
  'ap-southeast-6': '633930458069',
  'ap-southeast-7': '590183813437',
  'ca-west-1': '204538143572',
  'cn-north-1': '727897471807',
  'cn-northwest-1': '727897471807',
  'eu-central-2': '380420809688',
  'eu-south-1': '692866216735',
  'eu-south-2': '503227376785',
  'il-central-1': '780543022126',
  'me-central-1': '914824155844',
  'me-south-1': '217643126080',
  'mx-central-1': '637423239942',
  'us-gov-east-1': '446045086412',
  'us-gov-west-1': '442386744353',
  'us-iso-east-1': '886529160074',
  'us-isob-east-1': '094389454867',
};

/** `FRAMEWORK VERSION TRANSFORMERS PYTHON` → the rest of the image's tag. */
const cudaOf: Readonly<Record<string, string>> = {
  'huggingface 1.10.2 4.17.0 py38': 'cu113-ubuntu20.04',
  'huggingface 1.13.1 4.26.0 py39': 'cu117-ubuntu20.04',
  'huggingface 2.0.0 4.28.1 py310': 'cu118-ubuntu20.04',
};

const textGenerationTags: Readonly<Record<string, string>> = {
  '1.4.0': '2.1.1-tgi1.4.0-gpu-py310-cu121-ubuntu20.04',
};

/** The registry of AWS's Deep Learning Containers in a region. */
export const registryHost = (region: string): string =>
  `${accounts[region] ?? '763104351884'}.dkr.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

const fromVersions = (specs: EcrSpecs, use: 'training' | 'inference', region: string): string | undefined => {
  if (specs.framework === 'huggingface-llm' && use === 'inference') {
    const tag = textGenerationTags[specs.framework_version ?? ''];
    return tag && `${registryHost(region)}/huggingface-pytorch-tgi-inference:${tag}`;
  }
  const { framework_version: version, huggingface_transformers_version: transformers, py_version: python } = specs;
  const cuda = cudaOf[`${specs.framework} ${version} ${transformers} ${python}`];
  return (
    cuda &&
    `${registryHost(region)}/huggingface-pytorch-${use}:${version}-transformers${transformers}-gpu-${python}-${cuda}`
  );
};

/** What a document says of images; `TrainingSpec` and `HostingSpec` both do. */
export interface ImageSource {
  readonly image?: string;
  readonly ecrSpecs?: EcrSpecs;
  readonly variants?: Variants;
}

/** A hub's document is of one region, whose images no other takes; one saved elsewhere must not be used here. */
const ofRegion = (image: string, region: string, model: string): string => {
  const own = /\.ecr\.([a-z0-9-]+)\.amazonaws\.com/.exec(image)?.[1];
  if (own === undefined || own === region) return image;
  throw new Failure({
    what: 'the model document is of another region',
    where: `${model}, ${region}`,
    got: `an image of ${own}`,
    fix: `give --region ${own}, or fetch the document anew, without --spec`,
  });
};

/**
 * The image of a model for an instance type in a region.
 *
 * @param source The document's training or hosting part.
 * @param use Which of the two it is.
 * @param instanceType E.g. `ml.g5.48xlarge`.
 * @param region E.g. `eu-central-1`.
 * @param model The model's id and version, for messages.
 * @throws {Failure} When the document names no image for that type or region.
 */
export const imageFor = (
  source: ImageSource,
  use: 'training' | 'inference',
  instanceType: string,
  region: string,
  model: string,
): string => {
  const regions = namedRegions(source.variants);
  const named = regionalProperty(source.variants, instanceType, region, 'image_uri');
  if (named !== undefined) return regions.length > 0 ? named : ofRegion(named, region, model);
  const families = Object.keys(source.variants?.variants ?? {});
  if (families.length > 0 && regions.length > 0 && !regions.includes(region)) {
    throw new Failure({
      what: `the model has no ${use} image in this region`,
      where: `${model}, ${region}`,
      got: `images for ${regions.join(' ')}`,
      fix: 'choose one of these regions with --region, or name an image of your own with --image',
    });
  }
  const general = source.image ?? (source.ecrSpecs && fromVersions(source.ecrSpecs, use, region));
  const accelerated = !/^(?:c|m|r|t)\d/.test(instanceFamily(instanceType));
  if (general !== undefined && accelerated && families.length === 0) return ofRegion(general, region, model);
  throw new Failure({
    what: `the model's document names no ${use} image for this instance type`,
    where: `${model}, ${instanceType} in ${region}`,
    got: families.length > 0 ? `images for ${families.join(' ')}` : 'none at all',
    fix: 'choose another instance type with --instance, or name the image with --image',
  });
};
