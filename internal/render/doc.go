// Package render turns plans, uses and outcomes into what people and programs
// read: tables, JSON, SARIF. It is pure: values in, text out. Whatever came
// from a file or a registry is escaped for the place it is shown in.
package render
