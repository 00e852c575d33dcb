/**
 * @file Finds SwiftShader, a Vulkan device in software that comes with Chromium: on it the WebGPU provider runs on machines
 * without a GPU, such as those of continuous integration.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The variables with which a process finds SwiftShader and nothing else.
 *
 * @param chromium The browser's program.
 * @returns Undefined where the browser has none beside it (on macOS and Windows WebGPU does not use Vulkan).
 */
export const swiftShader = (chromium: string): Record<string, string> | undefined => {
  if (process.platform !== 'linux') return undefined;
  // Debian's /usr/bin/chromium is a script; what it starts lies in /usr/lib.
  const folders = [dirname(realpathSync(chromium)), '/usr/lib/chromium', '/usr/lib/chromium-browser'];
  const folder = folders.find((each) =>
    ['libvk_swiftshader.so', 'vk_swiftshader_icd.json', 'libvulkan.so.1'].every((file) => existsSync(join(each, file))),
  );
  if (folder === undefined) return undefined;
  const driver = join(folder, 'vk_swiftshader_icd.json');
  // The loader's newer name of the variable comes first where both are known.
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };
};
