/**
 * The documentation page. It asks for nothing outside its own server, and its policy forbids it to.
 * `base` is where its resources lie, seen from the page.
 */
export const page = (base: string): string => `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llm-backend-api</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="${base}/swagger-ui.js"></script>
<script src="${base}/start.js"></script>
</body>
</html>
`;

/** Starts Swagger UI on the page; the document lies beside this script. */
export const startScript = `SwaggerUIBundle({
  url: new URL("json", document.currentScript.src).href,
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

/** Nothing but what this server itself serves; Swagger UI draws its icons from data. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
