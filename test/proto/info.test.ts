import { expect, test } from "vitest";
import { encodeInfo, type ServerInfo } from "../../src/proto/info.ts";

const line = (info: ServerInfo): string => Buffer.from(encodeInfo(info)).toString();
const base = { server_id: "NX", server_name: "n1", version: "2.14.5", proto: 1, go: "go1.26.8", host: "127.0.0.1", port: 4222, headers: true, max_payload: 1048576 }; // prettier-ignore

// The expected lines were sent by nats-server 2.14.5, but for ids.
test("INFO to a client", () => {
  expect(line({ ...base, client_id: 8, client_ip: "127.0.0.1", api_lvl: 4, xkey: "XC" })).toBe(
    'INFO {"server_id":"NX","server_name":"n1","version":"2.14.5","proto":1,"go":"go1.26.8","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"client_id":8,"client_ip":"127.0.0.1","api_lvl":4,"xkey":"XC"} \r\n',
  );
});
test("INFO after the first PING, in the system account, with JetStream", () => {
  const info: ServerInfo = { ...base, auth_required: true, jetstream: true, client_id: 13, client_ip: "127.0.0.1", cluster: "C", domain: "d", connect_info: true, remote_account: "SYS", acc_is_sys: true, api_lvl: 4, xkey: "XA" }; // prettier-ignore
  expect(line(info)).toBe(
    'INFO {"server_id":"NX","server_name":"n1","version":"2.14.5","proto":1,"go":"go1.26.8","host":"127.0.0.1","port":4222,"headers":true,"auth_required":true,"max_payload":1048576,"jetstream":true,"client_id":13,"client_ip":"127.0.0.1","cluster":"C","domain":"d","connect_info":true,"remote_account":"SYS","acc_is_sys":true,"api_lvl":4,"xkey":"XA"} \r\n',
  );
});
test("INFO to a route and to a leaf node", () => {
  expect(
    line({ ...base, proto: 3, nonce: "N", cluster: "C", connect_urls: ["a:1"], ws_connect_urls: ["b:2"], compression: "s2_fast", lnoc: true, lnocu: true, route_pool_size: 3, gateway_url: "c:3", leafnode_urls: ["d:4"] }), // prettier-ignore
  ).toContain(
    '"max_payload":1048576,"nonce":"N","cluster":"C","connect_urls":["a:1"],"ws_connect_urls":["b:2"],"compression":"s2_fast","lnoc":true,"lnocu":true,"route_pool_size":3,"gateway_url":"c:3","leafnode_urls":["d:4"]} \r\n',
  );
  expect(line({ ...base, ip: "i", client_id: 11, compression: "s2_auto", api_lvl: 4, info_on_connect: true, leafnode_urls: ["d"] })).toContain(
    '"ip":"i","client_id":11,"compression":"s2_auto","api_lvl":4,"info_on_connect":true,"leafnode_urls":["d"]}',
  ); // prettier-ignore
});
test("what is empty is left out", () => {
  expect(line({ ...base, nonce: "", connect_urls: [], ldm: false, xkey: undefined })).toBe(line(base));
});
