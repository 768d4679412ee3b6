// The page at /: what there is to look at.

const endpoints = [
  ["varz", "General"],
  ["jsz", "JetStream"],
  ["connz", "Connections"],
  ["accountz", "Accounts"],
  ["accstatz", "Account Stats"],
  ["subsz", "Subscriptions"],
  ["routez", "Routes"],
  ["leafz", "LeafNodes"],
  ["gatewayz", "Gateways"],
  ["raftz", "Raft Groups"],
  ["healthz", "Health Probe"],
  ["debug/vars", "Expvar"],
] as const;

/** HTML; links are relative to the page, `basePath` has no slash at its end. */
export function rootPage(basePath: string, version: string): string {
  const links = endpoints.map(
    ([path, title]) => `<li><a href=".${escaped(basePath)}/${path}">${title}</a> <code>/${path}</code></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>subjectd</title>
<style>body{font:16px/1.6 system-ui,sans-serif;margin:2rem}code{color:#777}li{list-style:none}ul{padding:0}</style></head>
<body>
<h1>subjectd</h1>
<p>A NATS-compatible server, version ${escaped(version)}.</p>
<ul>
${links.join("\n")}
</ul>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
