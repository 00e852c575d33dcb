/**
 * @file Nothing is told to anybody: ONNX Runtime's builds for Linux and macOS (1.30) report sessions to Microsoft, and keep what
 * they could not send yet under the user's cache folder, unless this variable is set before their library is loaded. To be
 * imported before it.
 *
 * A worker thread's `process.env` is a copy the library does not see, so that its main thread has to have this loaded; those
 * of this package have.
 *
 * Source: ONNX Runtime, `core/platform/posix/telemetry.cc`.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
