SwaggerUIBundle({
  dom_id: "#docs",
  url: "/openapi.json",
  deepLinking: true,
  // Keeps the key over a reload, in this browser only.
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  // Would send the document to a service elsewhere.
  validatorUrl: null,
});
