//! The impls of one step.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::super::ast::{Block, Kind, Step, Undo, UndoParameter};
use super::super::parameters::Parameter;
use super::super::resolve::Planned;
use super::{call, place};
use crate::impl_block::Function;
use crate::signature::{argument, arguments as arguments_of, last_name, returned};
use crate::spans;

/// A trait of a step at a place, with what its impl contains.
struct Impl {
    of: &'static str,
    items: TokenStream,
}

pub(super) fn expand(
    block: &Block<'_>,
    at: usize,
    step: &Step<'_>,
    planned: &Planned<'_, '_>,
) -> Option<TokenStream> {
    let answer = step.answer?;
    let does = match step.kind {
        Kind::Step => run(block, step, planned, answer),
        Kind::Send => send(block, step, planned, answer),
        Kind::Wait => wait(block, step, answer)?,
    };
    let output = output(block, step, answer);
    let produces = Impl { of: "Produces", items: quote_spanned!(answer.span()=> type Output = #output;) };
    let mut tokens: TokenStream =
        [produces, does].iter().map(|one| implement(block, at, step.function, step.ident(), one)).collect();
    if let Some(undo) = planned.undo {
        let undone = expand_undo(block, undo, &output);
        tokens.extend(implement(block, at, step.function, &undo.function.sig.ident, &undone));
    }
    if let Some(function) = planned.on_timeout {
        let ident = &function.sig.ident;
        // Under what it returns, where it is reported that this is not what the wait brings.
        let (first, last) = returned(&function.sig).map_or((ident.span(), ident.span()), spans::ends);
        let (this, saga) = (quote_spanned!(first=> Self), Ident::new("self", last.resolved_at(ident.span())));
        let called = spans::parenthesized(saga, last);
        let items =
            quote_spanned!(ident.span()=> fn timed_out(&self) -> Self::Output { #this::#ident #called });
        let timed_out = Impl { of: "TimesOut", items };
        tokens.extend(implement(block, at, step.function, ident, &timed_out));
    }
    Some(tokens)
}

/// The impl, under the name of the user's function.
fn implement(block: &Block<'_>, at: usize, step: &Function, name: &Ident, one: &Impl) -> TokenStream {
    let (krate, self_ty) = (block.krate.at(name.span()), &block.original.header.self_ty);
    let cfgs = block.original.cfgs().chain(step.cfgs());
    let (place, items) = (place::place(block, at), &one.items);
    let of = Ident::new(one.of, name.span());
    let given = super::given(block);
    quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::saga::#of<#place> for #self_ty where #given {
            #items
        }
    }
}

/// What the step produces, under the tokens that say so: that it cannot be stored is reported there. Of an alias the compiler has to be asked.
fn output(block: &Block<'_>, step: &Step<'_>, answer: &Type) -> TokenStream {
    let (of, written) = match step.kind {
        Kind::Send => return quote!(()),
        Kind::Step => {
            ("StepReturn", argument(answer, 0).filter(|_| is(answer, "Result") && arguments_of(answer) == 2))
        }
        Kind::Wait => ("WaitReturn", argument(answer, 1).filter(|_| is(answer, "Correlated"))),
    };
    if let Some(written) = written {
        return quote!(#written);
    }
    let kenning = block.krate.at(answer.span());
    let of = Ident::new(of, answer.span());
    call::through(answer, &quote_spanned!(answer.span()=> #kenning::saga::#of), "Output")
}

fn is(ty: &Type, name: &str) -> bool {
    last_name(ty).is_some_and(|last| last == name)
}

fn run(block: &Block<'_>, step: &Step<'_>, planned: &Planned<'_, '_>, answer: &Type) -> Impl {
    let name = step.ident();
    let krate = block.krate.at(name.span());
    let unread = |error: &Ident| quote_spanned!(name.span()=> return #krate::check::unanswered(#error));
    let read = read(block, step, planned, unread);
    let (context, arguments) = arguments(block, step, planned);
    let outputs = used(name, "outputs", step.outputs().next().is_some());
    let body = result(block, step.function, answer, &quote!(#(#arguments),*));
    let (services, output) = (services(block), output(block, step, answer));
    // What the step returns is asked for in the signature, too: once, if it is under its tokens.
    let items = quote_spanned! {answer.span().resolved_at(name.span())=>
        fn run<'a>(
            &'a self,
            #context: &'a #krate::StepContext<#services>,
            #outputs: &'a #krate::saga::Outputs,
        ) -> #krate::store::BoxFuture<'a, ::core::result::Result<#output, #krate::StepError>> {
            #read
            #body
        }
    };
    Impl { of: "Step", items }
}

/// The types themselves, and not by way of the traits: that costs the compiler more.
fn services(block: &Block<'_>) -> TokenStream {
    block.services.as_ref().map_or_else(|| quote!(()), |services| quote!(#services))
}

fn send(block: &Block<'_>, step: &Step<'_>, planned: &Planned<'_, '_>, answer: &Type) -> Impl {
    let name = step.ident();
    let krate = block.krate.at(name.span());
    let unread = |error: &Ident| quote_spanned!(name.span()=> return #krate::check::unsent(#error));
    let read = read(block, step, planned, unread);
    let (_, arguments) = arguments(block, step, planned);
    let outputs = used(name, "outputs", step.outputs().next().is_some());
    let items = quote_spanned! {name.span()=>
        type Command = #answer;

        fn command(
            &self,
            #outputs: &#krate::saga::Outputs,
        ) -> ::core::result::Result<Self::Command, #krate::StepError> {
            #read
            ::core::result::Result::Ok(Self::#name(self, #(#arguments),*))
        }
    };
    Impl { of: "Sends", items }
}

fn wait(block: &Block<'_>, step: &Step<'_>, answer: &Type) -> Option<Impl> {
    let name = step.ident();
    let krate = block.krate.at(name.span());
    let event = step.event?;
    let (ty, passed) = (event.ty, call::event(block, &event, name));
    // Under the answer's tokens, where it is reported that the id is not that of the saga.
    let (first, last) = spans::ends(answer);
    let this = quote_spanned!(first=> Self);
    let called = spans::parenthesized(passed, last);
    let body = quote_spanned!(name.span()=> #this::#name #called);
    let items = quote_spanned! {name.span()=>
        type Event = #ty;

        fn correlate(event: &#krate::Recorded<Self::Event>) -> #krate::Correlated<Self::Id, Self::Output> {
            #body
        }
    };
    Some(Impl { of: "WaitsFor", items })
}

fn expand_undo(block: &Block<'_>, undo: &Undo<'_>, produced: &TokenStream) -> Impl {
    let name = &undo.function.sig.ident;
    let krate = block.krate.at(name.span());
    let Some(answer) = undo.answer else { return Impl { of: "Undo", items: TokenStream::new() } };
    if undo.sends {
        let items = quote_spanned! {name.span()=>
            type Command = #answer;

            fn command(&self) -> Self::Command {
                Self::#name(self)
            }
        };
        return Impl { of: "UndoSends", items };
    }
    let takes = |output: bool| {
        undo.parameters.iter().any(|parameter| matches!(parameter, UndoParameter::Output(_)) == output)
    };
    let (context, output) = (used(name, "context", takes(false)), used(name, "output", takes(true)));
    let arguments = undo.parameters.iter().map(|parameter| match parameter {
        UndoParameter::Context(ty) => call::context(block, ty, name),
        UndoParameter::Output(ty) => call::output(block, ty, name),
    });
    let body = result(block, undo.function, answer, &quote!(#(#arguments),*));
    let services = services(block);
    let items = quote_spanned! {name.span()=>
        fn undo<'a>(
            &'a self,
            #context: &'a #krate::StepContext<#services>,
            #output: ::core::option::Option<&'a #produced>,
        ) -> #krate::store::BoxFuture<'a, ::core::result::Result<(), #krate::StepError>> {
            #body
        }
    };
    Impl { of: "Undo", items }
}

/// Reads what other steps have returned, or says that it cannot be read.
fn read(
    block: &Block<'_>,
    step: &Step<'_>,
    planned: &Planned<'_, '_>,
    unread: impl Fn(&Ident) -> TokenStream,
) -> TokenStream {
    let name = step.ident();
    let krate = block.krate.at(name.span());
    let mut told = Vec::new();
    let reads = planned.outputs.iter().flatten().map(|from| {
        if told.contains(from) {
            return TokenStream::new();
        }
        told.push(*from);
        let (place, number) = (place::place(block, *from), place::number(block, *from));
        let local = Ident::new(&local(*from), name.span());
        let unread = unread(&Ident::new("error", name.span()));
        quote_spanned! {name.span()=>
            let #local = match #krate::check::output_of::<Self, #place>(outputs, #number) {
                ::core::result::Result::Ok(output) => output,
                ::core::result::Result::Err(error) => #unread,
            };
        }
    });
    reads.collect()
}

fn local(step: usize) -> String {
    format!("step_{step}")
}

/// The name of the context, if it is used, and the arguments of the user's function after `self`.
fn arguments(
    block: &Block<'_>,
    step: &Step<'_>,
    planned: &Planned<'_, '_>,
) -> (TokenStream, Vec<TokenStream>) {
    let name = step.ident();
    let mut context = false;
    let mut from = planned.outputs.iter().flatten();
    let arguments = step.parameters.iter().map(|parameter| match parameter {
        Parameter::Context(ty) => {
            context = true;
            call::context(block, ty, name)
        }
        Parameter::Output(output) => {
            call::borrowed(block, &from.next().map(|from| local(*from)).unwrap_or_default(), output.ty, name)
        }
    });
    let arguments = arguments.collect();
    (used(name, "context", context), arguments)
}

/// A parameter of a generated method, or `_` when nothing takes it.
fn used(name: &Ident, parameter: &str, used: bool) -> TokenStream {
    let parameter = format_ident!("{parameter}", span = name.span());
    if used { quote!(#parameter) } else { quote_spanned!(name.span()=> _) }
}

/// Calls the user's function, and takes its answer as the engine does: under its tokens, where it is reported that it is none.
fn result(block: &Block<'_>, function: &Function, answer: &Type, arguments: &TokenStream) -> TokenStream {
    let name = &function.sig.ident;
    let (first, last) = spans::ends(answer);
    let kenning = block.krate.at(first);
    let called = spans::parenthesized(quote_spanned!(name.span()=> Self::#name(self, #arguments)), last);
    if function.sig.asyncness.is_some() {
        quote_spanned!(first=> #kenning::check::answered::<#answer, _> #called)
    } else {
        quote_spanned!(first=> #kenning::check::answered_at_once::<#answer> #called)
    }
}
