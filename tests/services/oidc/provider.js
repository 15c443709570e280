// A real OpenID Connect provider for tests. It knows one client and takes any login; who is called unverified-... has an
// e-mail address that nobody has verified. It prints its issuer when it is ready and ends with its standard input.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    clients: [
      {
        client_id: "hub",
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [process.env.REDIRECT],
      },
    ],
    conformIdTokenClaims: false,
    cookies: { keys: [process.env.CLIENT_SECRET] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@hq.example`, email_verified: !id.startsWith("unverified-") }),
    }),
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume().on("end", () => process.exit(0));
