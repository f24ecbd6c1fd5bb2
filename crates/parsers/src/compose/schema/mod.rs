// SPDX-License-Identifier: MIT
//! The Compose format as one table: every key, its type, and what each stage does with it.
//!
//! A shape describes an attribute in its long form; `canonical` turns the short forms into it first. A new
//! attribute is one line here and one field in the model.

mod build;
mod deploy;
mod parts;
mod project;
mod service;

use super::canonical::Canonical;
use super::paths::Resolve;

pub(crate) use project::PROJECT;
pub(crate) use service::SERVICE;

/// What is known of one attribute.
pub(crate) struct Shape {
    pub(crate) form: Form,
    /// How a later file's value meets an earlier one's.
    pub(crate) merge: Merge,
    /// Which entries of a list are the same one.
    pub(crate) unique: Unique,
    /// Brings short forms into the long one.
    pub(crate) canonical: Option<Canonical>,
    /// Makes relative paths absolute.
    pub(crate) resolve: Option<Resolve>,
}

/// The YAML form.
pub(crate) enum Form {
    Scalar(Scalar),
    List(&'static Shape),
    /// Like [`Form::List`], and no entry twice.
    Distinct(&'static Shape),
    /// Free keys.
    Map(&'static Shape),
    /// Names of services, networks and the like as keys: `[a-zA-Z0-9._-]+`.
    Named(&'static Shape),
    /// Fixed keys, in the order of the alphabet, and `x-` keys.
    Object(&'static [Field]),
    /// Nothing, or the form.
    Optional(&'static Self),
    /// A scalar, or the form.
    ScalarOr(Scalar, &'static Self),
}

/// One key of an object.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) required: bool,
}

/// A scalar: what may be written, and what it becomes.
pub(crate) struct Scalar {
    /// Bits of [`TEXT`], [`INT`], [`NUMBER`], [`BOOL`] and [`NULL`].
    pub(crate) types: u8,
    pub(crate) target: Target,
    /// A text is read as the target right after interpolation, before types are checked.
    pub(crate) early: bool,
    pub(crate) check: Check,
}

/// What a scalar becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Text,
    /// Text, or nothing.
    TextOrNull,
    Bool,
    Int,
    Float,
    /// A size with a unit.
    Bytes,
    /// A span of time with units.
    Duration,
}

/// What else a scalar must be.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    None,
    OneOf(&'static [&'static str]),
    Range(i64, i64),
    /// Says what is wrong with it.
    Text(fn(&str) -> Option<String>),
}

/// How two values of an attribute meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Mappings key by key, lists end to end, scalars by the later one.
    Deep,
    /// The later one.
    Replace,
    /// Deep with the same `driver`, else the later one.
    SameDriver,
    /// Lists of mappings by one key.
    ByKey(&'static str),
}

/// What makes two entries of a list one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unique {
    No,
    /// The text.
    Text,
    /// The text before a `=`.
    Key,
    /// The key `path`.
    Path,
    Port,
    /// The key `target`, else `source`.
    Target,
    /// The key `target`, else the folder and `source`.
    File(&'static str),
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const INT: u8 = 2;
pub(crate) const NUMBER: u8 = 4;
pub(crate) const BOOL: u8 = 8;
pub(crate) const NULL: u8 = 16;

impl Shape {
    pub(crate) const fn of(form: Form) -> Self {
        Self {
            form,
            merge: Merge::Deep,
            unique: Unique::No,
            canonical: None,
            resolve: None,
        }
    }

    const fn scalar(types: u8, target: Target) -> Self {
        Self::of(Form::Scalar(Scalar::new(types, target)))
    }

    /// Text is read as the target right after interpolation.
    const fn early(types: u8, target: Target) -> Self {
        Self::of(Form::Scalar(Scalar::new(types, target).early()))
    }

    const fn checked(types: u8, target: Target, check: Check) -> Self {
        Self::of(Form::Scalar(Scalar::new(types, target).check(check)))
    }

    const fn list(items: &'static Self) -> Self {
        Self::of(Form::List(items))
    }

    const fn distinct(items: &'static Self) -> Self {
        Self::of(Form::Distinct(items))
    }

    const fn map(values: &'static Self) -> Self {
        Self::of(Form::Map(values))
    }

    const fn named(values: &'static Self) -> Self {
        Self::of(Form::Named(values))
    }

    const fn object(fields: &'static [Field]) -> Self {
        Self::of(Form::Object(fields))
    }

    const fn merge(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }

    const fn unique(self, unique: Unique) -> Self {
        Self { unique, ..self }
    }

    const fn canonical(self, canonical: Canonical) -> Self {
        Self {
            canonical: Some(canonical),
            ..self
        }
    }

    const fn resolve(self, resolve: Resolve) -> Self {
        Self {
            resolve: Some(resolve),
            ..self
        }
    }
}

impl Scalar {
    const fn new(types: u8, target: Target) -> Self {
        Self {
            types,
            target,
            early: false,
            check: Check::None,
        }
    }

    const fn early(self) -> Self {
        Self { early: true, ..self }
    }

    const fn check(self, check: Check) -> Self {
        Self { check, ..self }
    }
}

impl Form {
    /// The form below [`Form::Optional`] and [`Form::ScalarOr`].
    pub(crate) fn inner(&self) -> &Self {
        match self {
            Self::Optional(form) | Self::ScalarOr(_, form) => form.inner(),
            form => form,
        }
    }

    /// The shape of a key's value, when this is a mapping that has the key.
    pub(crate) fn child(&self, key: &str) -> Option<&'static Shape> {
        match self.inner() {
            Self::Map(values) | Self::Named(values) => Some(values),
            Self::Object(fields) => find(fields, key).map(|field| field.shape),
            _ => None,
        }
    }

    /// The shape of a list's entries.
    pub(crate) fn items(&self) -> Option<&'static Shape> {
        match self.inner() {
            Self::List(items) | Self::Distinct(items) => Some(items),
            _ => None,
        }
    }

    /// The scalar it may be.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) | Self::ScalarOr(scalar, _) => Some(scalar),
            _ => None,
        }
    }
}

/// The field of a key.
pub(crate) fn find(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    let at = fields.binary_search_by(|field| field.name.cmp(key)).ok()?;
    fields.get(at)
}

const fn key(name: &'static str, shape: &'static Shape) -> Field {
    Field {
        name,
        shape,
        required: false,
    }
}

const fn must(name: &'static str, shape: &'static Shape) -> Field {
    Field {
        name,
        shape,
        required: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &Form, path: &str) {
        if let Form::Object(fields) = form.inner() {
            assert!(
                fields.is_sorted_by_key(|field| field.name),
                "the keys of {path} are in order"
            );
            for field in *fields {
                check(&field.shape.form, &format!("{path}.{}", field.name));
            }
        }
        for shape in [form.items(), form.child("any")].into_iter().flatten() {
            check(&shape.form, &format!("{path}.*"));
        }
    }

    #[test]
    fn keys_can_be_searched() {
        check(&PROJECT.form, "project");
    }
}
