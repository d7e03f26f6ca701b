// The middleware in front of every protected route: a valid token, or 401.
'use strict';

const { createSecretKey } = require('node:crypto');
const jwt = require('jsonwebtoken');

// As text, which is the library's own way, or as a key made once, which spares it a search: README.md says what that costs.
const text = process.env.JWT_SECRET;
const secret = process.env.JWT_SECRET_AS === 'key' ? createSecretKey(Buffer.from(text)) : text;

function readJwt(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || !token) {
    response.status(401).json({ error: 'a token is required' });
    return;
  }
  try {
    request.user = jwt.verify(token, secret, { algorithms: ['HS256'] });
  } catch {
    response.status(401).json({ error: 'the token is not valid' });
    return;
  }
  request.token = token;
  next();
}

module.exports = { readJwt };
