// The official JavaScript clients behind one face: what differs between `nats` 2 and `@nats-io/*` 3.

import * as v2 from "nats";
import * as v3 from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { wsconnect } from "@nats-io/nats-core";
import { Objm } from "@nats-io/obj";
import { Svcm } from "@nats-io/services";
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket;

const third = {
  lib: v3,
  isNoResponders: (error) => error instanceof v3.errors.NoRespondersError || error?.isNoResponders?.() === true,
  isTimeout: (error) => error instanceof v3.errors.TimeoutError,
  isAuthError: (error) => error instanceof v3.errors.AuthorizationError,
  isTooLarge: (error) => error instanceof v3.errors.InvalidArgumentError && /max_payload/.test(error.message),
  permission: (status) => (status.error instanceof v3.errors.PermissionViolationError ? status.error : undefined),
  stall: { strategy: "stall", stall: 200 },
  services: (nc) => new Svcm(nc),
  jetstream,
  jetstreamManager,
  apiError: (error) => error?.apiError?.(),
  bucket: (nc, name, options) => new Kvm(nc).create(name, options),
  store: (nc, name, options) => new Objm(nc).create(name, options),
};

/** Each client library: how it connects, and how it says what went wrong. */
export const flavours = {
  "nats 2": {
    lib: v2,
    connect: v2.connect,
    urlOf: (server) => server.url,
    isNoResponders: (error) => error?.code === v2.ErrorCode.NoResponders,
    isTimeout: (error) => error?.code === v2.ErrorCode.Timeout,
    isAuthError: (error) => error?.code === v2.ErrorCode.AuthorizationViolation,
    isTooLarge: (error) => error?.code === v2.ErrorCode.MaxPayloadExceeded,
    permission: (status) => (status.data === v2.ErrorCode.PermissionsViolation ? status.permissionContext : undefined),
    stall: { strategy: "jitterTimer", jitter: 200 },
    services: (nc) => nc.services,
    jetstream: (nc) => nc.jetstream(),
    jetstreamManager: (nc) => nc.jetstreamManager(),
    apiError: (error) => error?.api_error,
    bucket: (nc, name, options) => nc.jetstream().views.kv(name, options),
    store: (nc, name, options) => nc.jetstream().views.os(name, options),
    views: true,
  },
  "transport-node 3": { ...third, connect: v3.connect, urlOf: (server) => server.url },
  "wsconnect 3": { ...third, connect: wsconnect, urlOf: (server) => server.wsUrl, websocket: true },
};
