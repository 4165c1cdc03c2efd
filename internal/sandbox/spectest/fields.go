package spectest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// unknownFields returns the fields of a value that its schema does not name,
// though it may let them pass. What a schema leaves wholly open stays open.
func unknownFields(schema *openapi3.SchemaRef, value any, at string) []string {
	switch v := value.(type) {
	case map[string]any:
		return unknownInObject(schema, v, at)
	case []any:
		var found []string
		for i, item := range v {
			for _, items := range itemSchemas(schema) {
				unknown := unknownFields(items, item, fmt.Sprintf("%s[%d]", at, i))
				found = append(found, unknown...)
			}
		}
		return found
	}
	return nil
}

func unknownInObject(schema *openapi3.SchemaRef, object map[string]any, at string) []string {
	known := map[string][]*openapi3.SchemaRef{}
	if open := properties(schema, known); open || len(known) == 0 {
		return nil
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		where := at + "." + name
		schemas, ok := known[name]
		if !ok {
			found = append(found, where)
			continue
		}
		found = append(found, fewest(schemas, object[name], where)...)
	}
	return found
}

// fewest is what is unknown by the schema that knows best: a field may be
// described by several of which one is meant.
func fewest(schemas []*openapi3.SchemaRef, value any, at string) []string {
	var best []string
	for i, s := range schemas {
		if unknown := unknownFields(s, value, at); i == 0 || len(unknown) < len(best) {
			best = unknown
		}
	}
	return best
}

// properties collects the fields that a schema and those that it is made of
// name; it reports whether one of them is open to all.
func properties(schema *openapi3.SchemaRef, into map[string][]*openapi3.SchemaRef) (open bool) {
	if schema == nil || schema.Value == nil {
		return true
	}
	s := schema.Value
	for name, property := range s.Properties {
		into[name] = append(into[name], property)
	}
	for _, list := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, part := range list {
			properties(part, into)
		}
	}
	return s.AdditionalProperties.Schema != nil
}

func itemSchemas(schema *openapi3.SchemaRef) []*openapi3.SchemaRef {
	if schema == nil || schema.Value == nil {
		return nil
	}
	if schema.Value.Items != nil {
		return []*openapi3.SchemaRef{schema.Value.Items}
	}
	for _, list := range []openapi3.SchemaRefs{schema.Value.AllOf, schema.Value.AnyOf, schema.Value.OneOf} {
		for _, part := range list {
			if items := itemSchemas(part); items != nil {
				return items
			}
		}
	}
	return nil
}
