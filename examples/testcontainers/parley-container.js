import { GenericContainer, Wait } from 'testcontainers';

/** Where the server listens in its container. */
const PORT = 8470;

/**
 * Starts Parley in a container of its own, on a free port of this machine, and resolves once it takes calls. The image is
 * made by `docker build -t parley .` in Parley's repository.
 *
 * What a program needs to find it is DIALOGFLOW_EMULATOR_HOST, which is `address`; `project` has a conversation profile
 * "demo". `stop()` takes container and data away; if a test run dies, Testcontainers does so.
 */
export async function startParley({ image = 'parley', project = 'demo' } = {}) {
  const container = await new GenericContainer(image)
    .withCommand(['serve', '--demo', '--project', project])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/readyz', PORT))
    .start();
  return {
    address: `${container.getHost()}:${container.getMappedPort(PORT)}`,
    project,
    stop: () => container.stop(),
  };
}
