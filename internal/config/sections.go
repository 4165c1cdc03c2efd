package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
)

// version is the version of the format that this basekeeper knows.
const version = "1"

func versionField(name, doc string) field[document] {
	schema := &jsonschema.Schema{Const: 1}
	return field[document]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, _ *document) {
		n := r.resolve(e.value)
		if n == nil {
			return
		}
		written := nameOf(n)
		number, err := strconv.Atoi(written)
		_, integer := n.(*ast.IntegerNode)
		switch {
		case integer && written == version:
		case integer && err == nil && number > 1:
			r.failAt(n, fmt.Sprintf("version %d of the configuration needs a newer basekeeper; this one knows version 1", number))
		default:
			r.failAt(n, "want version: 1")
		}
	}}
}

func policiesField(name, doc string) field[document] {
	schema := listSchema(policyObject.schema("images"))
	return field[document]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *document) {
		for _, item := range r.items(e.value, `[{images: ["debian"], cooldown: 3d}]`) {
			var v rule
			policyObject.read(r, item, &v)
			into.policies = append(into.policies, v)
		}
	}}
}

func registriesField(name, doc string) field[document] {
	schema := nullable("object", &jsonschema.Schema{
		PropertyNames:        looks(hostPattern),
		AdditionalProperties: nullable("object", registryObject.schema()),
	})
	return field[document]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *document) {
		into.registries = map[string]Registry{}
		for _, e := range r.entries(r.noText(e.value)) {
			host, err := parseHost(e.name)
			if err != nil {
				r.failAt(e.key, err.Error())
				if hasLogin(e.name) {
					r.hide(e.key)
				}
				continue
			}
			if _, twice := into.registries[host]; twice {
				r.failAt(e.key, fmt.Sprintf("`%s` is another name of %s, which is there already", e.name, host))
			}
			var v Registry
			registryObject.read(r, r.noText(e.value), &v)
			into.registries[host] = v
		}
	}}
}

// noText returns n; where it is text in place of a registry's keys, that may be
// a secret, and its line is not shown.
func (r *reader) noText(n ast.Node) ast.Node {
	if resolved := r.resolve(n); resolved != nil {
		if _, scalar := resolved.(ast.ScalarNode); scalar {
			r.hide(resolved)
		}
	}
	return n
}

// unknownRegistryKey reports a key that a registry does not have. Its value
// may be a secret, whatever the key is.
func unknownRegistryKey(r *reader, e entry, names []string) {
	r.hide(e.key)
	r.hide(e.value)
	instead := map[string]string{"user": "user-env", "username": "user-env", "login": "user-env"}[strings.ToLower(e.name)]
	if instead == "" && (looksSecret(e.name) || slices.Contains(passwordWords, nearest(e.name, passwordWords))) {
		instead = "password-env"
	}
	if instead == "" || nearest(e.name, names) != "" {
		unknownKey(r, e, names)
		return
	}
	r.failAt(e.key, fmt.Sprintf("`%s` has no place in a file; name an environment variable with %s", printable(e.name), instead))
}

// passwordWords are keys under which other tools take secrets.
var passwordWords = []string{"password", "passwd", "pass", "token", "secret", "auth", "credentials"}

// credentialPair says that a user name and a password come together.
var credentialPair = map[string][]string{"user-env": {"password-env"}, "password-env": {"user-env"}}

func checkRegistry(r *reader, at ast.Node, v Registry) {
	if v.UserEnv != "" && v.PasswordEnv == "" {
		r.failAt(at, "user-env needs a password-env beside it")
	}
	if v.PasswordEnv != "" && v.UserEnv == "" {
		r.failAt(at, "password-env needs a user-env beside it")
	}
}
