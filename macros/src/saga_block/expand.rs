//! The impls of a `#[saga]` block: its table, and small ones for each marked function, calling it.

mod call;
mod place;
mod step;
mod table;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use self::place::place;
use super::args::{Late, Missing};
use super::ast::{Block, Failure, Kind, Start};
use super::resolve::Plan;
use crate::bounds;
use crate::signature::last_name;

/// The user's block, verbatim and first, so that an editor finds it, and:
/// ```ignore
/// impl SagaDefinition for Fulfilment {
///     type Services = Services;
///     const STEPS: &'static [StepDefinition<Self>] = &[
///         StepDefinition::undoable::<0>(StepInfo::new("reserve", &[]).way_back(WayBack::Undo("release"))),
///         …
///     ];
///     const EVENTS: &'static [SagaEvent<Self>] = &[SagaEvent::start::<OrderPlaced>(), SagaEvent::wait::<2>(MissingInstance::Park)];
///     const FAILED: Option<FailureCommand<Self>> = Some(FailureCommand::of());
///     const TIMES: SagaTimes = SagaTimes { deadline: Some(Duration::from_secs(604800)) };
/// }
/// impl Produces<1> for Fulfilment { type Output = PaymentId; }
/// impl Step<1> for Fulfilment {
///     fn run<'a>(&'a self, context: &'a StepContext<Services>, outputs: &'a Outputs) -> BoxFuture<'a, Result<PaymentId, StepError>> {
///         let step_0 = match output_of::<Self, 0>(outputs, 0) { Ok(output) => output, Err(error) => return unanswered(error) };
///         answered::<Result<PaymentId, StepError>, _>(Self::charge(self, ContextAs::<…>::pass(context), OutputAs::<Reservation>::pass(&*step_0)))
///     }
/// }
/// impl Undo<1> for Fulfilment { … }                                   // and so on, by what the function is
/// impl StartedBy<OrderPlaced> for Fulfilment { … }
/// impl SendsOnFailure for Fulfilment { … }
/// ```
pub(super) fn expand(block: &Block<'_>, plan: &Plan<'_, '_>) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    let steps = table::steps(block, plan);
    let definition = definition(block, &steps, &extras(block));
    let impls = block.steps.iter().zip(&plan.steps).enumerate();
    let impls = impls.map(|(at, (step, planned))| step::expand(block, at, step, planned));
    let starts = block.starts.iter().map(|start| expand_start(block, start));
    let failures = block.failures.iter().map(|failure| expand_failure(block, failure));
    quote! { #original #definition #(#impls)* #(#starts)* #(#failures)* }
}

/// The user's block, the errors, and a table without steps.
pub(super) fn inert(block: &Block<'_>, errors: &TokenStream) -> TokenStream {
    let original = block.original.without(&block.krate, |attr| block.is_inert(attr));
    if !block.original.header.generics.params.is_empty() {
        return quote! { #original #errors };
    }
    let definition = inert_impls(block);
    quote! { #original #errors #definition }
}

/// A table without steps.
pub(super) fn inert_impls(block: &Block<'_>) -> TokenStream {
    definition(block, &TokenStream::new(), &TokenStream::new())
}

fn definition(block: &Block<'_>, steps: &TokenStream, extras: &TokenStream) -> TokenStream {
    let Block { original, services, .. } = block;
    let self_ty = &original.header.self_ty;
    let krate = block.krate.at(self_ty.span());
    let cfgs = original.cfgs();
    let services = match services {
        None => quote!(()),
        // These are mistakes that were reported.
        Some(Type::Reference(reference)) => reference.elem.to_token_stream(),
        Some(Type::TraitObject(_)) => block.krate.unknown().to_token_stream(),
        Some(services) => services.to_token_stream(),
    };
    let (given, shared) = (given(block), shared(block));
    // A type that is not as public as the saga is reported under its tokens.
    let services = quote_spanned!(block.services.span()=> type Services = #services;);
    quote_spanned! {self_ty.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::SagaDefinition for #self_ty where #given {
            #services
            const STEPS: &'static [#krate::saga::StepDefinition<Self>] = &[#steps];
            #extras
        }

        #shared
    }
}

/// What is asked of the saga and its services where they are declared.
fn given(block: &Block<'_>) -> TokenStream {
    let stored = bounds::given(&block.krate, &block.original.header.self_ty, "Stored");
    let shared = owned(block).map(|services| bounds::given(&block.krate, services, "Shared"));
    quote!(#stored, #shared)
}

/// The services, unless what is named cannot be any.
fn owned<'a>(block: &'a Block<'_>) -> Option<&'a Type> {
    block.services.as_ref().filter(|services| !matches!(services, Type::Reference(_) | Type::TraitObject(_)))
}

fn shared(block: &Block<'_>) -> Option<TokenStream> {
    let (original, services) = (&block.original, owned(block)?);
    Some(bounds::asked(&block.krate, original.cfgs(), &original.header.self_ty, services, "Sharing"))
}

/// The constants that say more than nothing.
fn extras(block: &Block<'_>) -> TokenStream {
    let self_ty = &block.original.header.self_ty;
    let krate = block.krate.at(self_ty.span());
    let events = events(block);
    let events = (!events.is_empty()).then(|| {
        quote_spanned!(self_ty.span()=> const EVENTS: &'static [#krate::saga::SagaEvent<Self>] = &[#(#events),*];)
    });
    let failed = block.failures.first().map(|failure| {
        let some = quote!(::core::option::Option::Some(#krate::saga::FailureCommand::of()));
        let none = quote!(::core::option::Option::None);
        // The function may not be there in this build.
        let value = place::when(failure.function.cfgs(), &some, &none);
        quote_spanned! {self_ty.span()=>
            const FAILED: ::core::option::Option<#krate::saga::FailureCommand<Self>> = #value;
        }
    });
    let times = block.deadline.map(|deadline| {
        let deadline = table::duration(deadline);
        quote_spanned! {self_ty.span()=>
            const TIMES: #krate::saga::SagaTimes =
                #krate::saga::SagaTimes { deadline: ::core::option::Option::Some(#deadline) };
        }
    });
    quote!(#events #failed #times)
}

fn events(block: &Block<'_>) -> Vec<TokenStream> {
    let event = |span: proc_macro2::Span| {
        let krate = block.krate.at(span);
        quote_spanned!(span=> #krate::saga::SagaEvent)
    };
    let starts = block.starts.iter().filter_map(|start| {
        let (cfgs, ty) = (start.function.cfgs(), start.event?.ty);
        let event = event(start.function.sig.ident.span());
        Some(quote!(#(#cfgs)* #event::start::<#ty>()))
    });
    let waits = block.steps.iter().enumerate().filter(|(_, step)| step.kind == Kind::Wait);
    let waits = waits.map(|(at, step)| {
        let (cfgs, place, krate) = (step.function.cfgs(), place(block, at), &block.krate);
        let event = event(step.ident().span());
        let missing = quote!(#krate::saga::MissingInstance);
        let missing = match &step.args.missing {
            Missing::Park => quote!(#missing::Park),
            Missing::Keep => quote!(#missing::Keep),
            Missing::Ignore(why) => quote!(#missing::Ignore(#why)),
        };
        let late = match &step.args.late {
            Late::Report => None,
            Late::Park => Some(quote!(.late(#krate::saga::LateEvent::Park))),
            Late::Ignore(why) => Some(quote!(.late(#krate::saga::LateEvent::Ignore(#why)))),
        };
        quote!(#(#cfgs)* #event::wait::<#place>(#missing) #late)
    });
    starts.chain(waits).collect()
}

/// The header is spanned at the function's name: impls that overlap are then reported under the two functions.
fn expand_start(block: &Block<'_>, start: &Start<'_>) -> Option<TokenStream> {
    let (event, answer) = (start.event?, start.answer?);
    let (name, self_ty, ty) = (&start.function.sig.ident, &block.original.header.self_ty, event.ty);
    let krate = block.krate.at(name.span());
    let cfgs = block.original.cfgs().chain(start.function.cfgs());
    let passed = call::event(block, &event, name);
    let started = if last_name(answer).is_some_and(|name| name == "Option") {
        quote_spanned!(name.span()=> Self::#name(#passed))
    } else {
        quote_spanned!(name.span()=> ::core::option::Option::Some(Self::#name(#passed)))
    };
    // That it is no event is reported under its type.
    let kenning = block.krate.at(ty.span());
    let of = quote_spanned!(ty.span()=> #kenning::saga::StartedBy<#ty>);
    let given = given(block);
    Some(quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #of for #self_ty where #given {
            fn start(event: &#krate::Recorded<#ty>) -> ::core::option::Option<Self> {
                #started
            }
        }
    })
}

fn expand_failure(block: &Block<'_>, failure: &Failure<'_>) -> Option<TokenStream> {
    let answer = failure.answer?;
    let (name, self_ty) = (&failure.function.sig.ident, &block.original.header.self_ty);
    let krate = block.krate.at(name.span());
    let cfgs = block.original.cfgs().chain(failure.function.cfgs());
    let given = given(block);
    let (parameter, passed) = match failure.failure {
        Some(ty) => (quote_spanned!(name.span()=> failure), Some(call::argument("failure", ty, name))),
        None => (quote_spanned!(name.span()=> _), None),
    };
    Some(quote_spanned! {name.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::saga::SendsOnFailure for #self_ty where #given {
            type Command = #answer;

            fn on_failure(&self, #parameter: &#krate::SagaFailure) -> Self::Command {
                Self::#name(self, #passed)
            }
        }
    })
}
