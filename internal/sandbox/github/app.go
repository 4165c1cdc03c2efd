package github

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Installation is where an App is installed.
type Installation struct {
	ID           int64
	Account      string            // user or organisation
	Permissions  map[string]string // see [Token]
	Repositories []string          // owner/name; nil for all of the account's
}

type app struct {
	id            int64
	slug          string
	key           *rsa.PublicKey
	created       time.Time
	installations []*installation
}

type installation struct {
	Installation
	app     *app
	account *account
	created time.Time
}

// AddApp makes an App that signs with the private key to key. What it does is
// done by slug[bot].
func (s *Server) AddApp(id int64, slug string, key *rsa.PublicKey, installations ...Installation) {
	s.locked(func() {
		a := &app{id: id, slug: slug, key: key, created: s.now()}
		for _, i := range installations {
			a.installations = append(a.installations, &installation{Installation: i, app: a, account: s.person(i.Account), created: s.now()})
		}
		s.person(slug + "[bot]")
		s.apps[id] = a
	})
}

// appToken returns the token that an App's JWT stands for.
//
// Spec: RFC 7519; GitHub's "Generating a JSON Web Token (JWT) for a GitHub App".
func (s *Server) appToken(jwt string) (*Token, error) {
	refuse := func(message string) (*Token, error) {
		return nil, &apiError{Status: http.StatusUnauthorized, Message: message}
	}
	var header struct{ Alg string }
	var claims struct {
		Iat, Exp float64
		Iss      json.RawMessage
	}
	parts := strings.Split(jwt, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || decodePart(parts[0], &header) != nil || decodePart(parts[1], &claims) != nil || header.Alg != "RS256" {
		return refuse("A JSON web token could not be decoded")
	}
	issuer, err := strconv.ParseInt(strings.Trim(string(claims.Iss), `"`), 10, 64)
	a := s.apps[issuer]
	if err != nil || a == nil {
		return refuse("Integration not found")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if a.key == nil || rsa.VerifyPKCS1v15(a.key, crypto.SHA256, digest[:], signature) != nil {
		return refuse("A JSON web token could not be decoded")
	}
	now := float64(s.options.Now().Unix())
	switch {
	case claims.Exp <= now:
		return refuse("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.Exp > now+600+60:
		return refuse("'Expiration time' claim ('exp') is too far in the future")
	case claims.Iat > now+60:
		return refuse("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	return &Token{Login: a.slug + "[bot]", app: a, number: a.id}, nil
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// installationOf returns where the App is installed on an account; nil for
// nowhere. An empty repository stands for any.
func (a *app) installationOf(login, repository string) *installation {
	for _, i := range a.installations {
		covers := i.Repositories == nil || repository == ""
		for _, name := range i.Repositories {
			covers = covers || fold(name) == fold(repository)
		}
		if fold(i.Account) == fold(login) && covers {
			return i
		}
	}
	return nil
}
