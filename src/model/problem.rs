//! Every refusal the control endpoint can give: the closed registry.

macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident = $status:literal, $code:literal, $retryable:literal, $title:literal, $fix:literal;)*) => {
        /// A kind of refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemCode {
            /// Every kind, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// Whether the same request may succeed later.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable),* }
            }

            /// The title, as a person reads it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What to do, over the API.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),* }
            }
        }
    };
}

problems! {
    /// The body is not JSON, or not JSON that is read.
    InvalidJson = 400, "invalid_json", false,
        "The body is not valid JSON",
        "Correct the JSON at the place named.";
    /// A filter key or value is not known.
    UnknownFilter = 400, "unknown_filter", false,
        "Unknown filter",
        "Use the keys state, reason, variance, kind, number and q.";
    /// A query parameter is not known or has an impossible value.
    InvalidParameter = 400, "invalid_parameter", false,
        "Invalid parameter",
        "Correct the parameter named.";
    /// The cursor was not made here, or for another list.
    InvalidCursor = 400, "invalid_cursor", false,
        "Invalid cursor",
        "Start again without a cursor, and pass `next_cursor` back unchanged.";
    /// The `Idempotency-Key` cannot be used.
    InvalidIdempotencyKey = 400, "invalid_idempotency_key", false,
        "Invalid Idempotency-Key",
        "Send 1 to 128 printable ASCII characters, once.";
    /// The body broke off or was framed wrongly.
    BodyBroken = 400, "body_broken", true,
        "The body broke off",
        "Send the request again.";
    /// No token, or not one of ours.
    Unauthenticated = 401, "unauthenticated", false,
        "Not authenticated",
        "Send `Authorization: Bearer` with a valid token.";
    /// The caller may not do this.
    PermissionDenied = 403, "permission_denied", false,
        "Permission denied",
        "Use a token that has the scope named in `required_scope`.";
    /// The `Host` header is not on the allow-list.
    HostNotAllowed = 403, "host_not_allowed", false,
        "Host not allowed",
        "Address the endpoint by localhost or an address of the loopback interface, with its port.";
    /// The request comes from a web page of another origin.
    OriginNotAllowed = 403, "origin_not_allowed", false,
        "Origin not allowed",
        "Call the endpoint from its own pages or from a program, not from another site.";
    /// No such tenant, or not one this caller may see.
    TenantNotFound = 404, "tenant_not_found", false,
        "No such tenant",
        "List the tenants with GET /v1/tenants.";
    /// No such invoice.
    InvoiceNotFound = 404, "invoice_not_found", false,
        "No such invoice",
        "Check the reference, or write the invoice with PUT first.";
    /// No such operation.
    OperationNotFound = 404, "operation_not_found", false,
        "No such operation",
        "List the operations with GET /v1/operations.";
    /// No such mapping.
    MappingNotFound = 404, "mapping_not_found", false,
        "No such mapping",
        "Set it with PUT.";
    /// No such reason.
    ReasonNotFound = 404, "reason_not_found", false,
        "No such reason",
        "List the reasons with GET /v1/reasons.";
    /// No such attempt to connect.
    ConnectNotFound = 404, "connect_not_found", false,
        "No such attempt to connect",
        "Begin one: counterfoil connect, or POST /v1/connect.";
    /// Nobody may come back with this state.
    ConnectStateUnknown = 404, "connect_state_unknown", false,
        "This sign-in was not started here",
        "Start again with counterfoil connect, and use the address it prints. A daemon that was restarted meanwhile has forgotten what was begun.";
    /// No such path.
    RouteNotFound = 404, "route_not_found", false,
        "No such path",
        "Check the path.";
    /// The path has other methods.
    MethodNotAllowed = 405, "method_not_allowed", false,
        "Method not allowed",
        "Use one of the methods named in `Allow`.";
    /// The body did not come in time.
    RequestTimeout = 408, "request_timeout", true,
        "The request took too long to arrive",
        "Send the whole body within 30 seconds.";
    /// The same key is being worked on.
    IdempotencyInProgress = 409, "idempotency_in_progress", true,
        "A request with this Idempotency-Key is in progress",
        "Wait for its answer, or repeat the request later.";
    /// The connection does not allow reading.
    CompanyNotConfigured = 409, "company_not_configured", false,
        "Company does not have Xero configured",
        "Connect the organisation to Xero again, then repeat the request.";
    /// Too many operations are open.
    OperationInProgress = 409, "operation_in_progress", true,
        "Operations are in progress",
        "Wait until some of the open operations have ended: GET /v1/operations lists them.";
    /// Somebody came back with this state before.
    ConnectStateUsed = 409, "connect_state_used", false,
        "This sign-in was used already",
        "Look at the window in which you came back first; if it is gone, start again with counterfoil connect.";
    /// The consent reaches another organisation.
    OtherOrganisation = 409, "other_organisation", false,
        "This is another organisation",
        "Start again and choose the organisation that is to be connected again; connect another one as a new one, with counterfoil connect.";
    /// There is nowhere to come back to.
    NoRedirectUri = 409, "no_redirect_uri", false,
        "There is no redirect address",
        "Set xero.redirect_uri, or let the control endpoint listen on TCP, and restart the daemon.";
    /// The operation has ended.
    OperationEnded = 409, "operation_ended", false,
        "The operation has ended",
        "Read its result; what failed in it can be tried again.";
    /// The connection is active.
    NothingToResolve = 409, "nothing_to_resolve", false,
        "The connection is active",
        "Nothing: look at the invoices that are red for another reason, with counterfoil failed list.";
    /// The operation has not ended.
    OperationOpen = 409, "operation_open", true,
        "The operation has not ended",
        "Wait until it has, or cancel it.";
    /// The operation cannot be cancelled.
    NotCancellable = 409, "not_cancellable", false,
        "The operation cannot be cancelled",
        "Wait until it has ended; write the invoice anew if something else is to be sent.";
    /// The operation left nothing undone.
    NothingToRetry = 409, "nothing_to_retry", false,
        "There is nothing to try again",
        "Begin a new operation instead.";
    /// The filter shows other invoices than the caller saw.
    SelectionChanged = 409, "selection_changed", false,
        "The selection has changed",
        "Look at what the filter shows now, and send its count in `expected_count`.";
    /// Sales invoices do not become bills.
    KindChanged = 409, "kind_changed", false,
        "The kind of a document cannot change",
        "Write the other document under another reference, and void this one.";
    /// The feed does not reach back that far, or was restored.
    CursorExpired = 410, "cursor_expired", false,
        "The cursor has expired",
        "Read the documents you follow again, then go on from `oldest_cursor`.";
    /// The ten minutes of a state, or of a choice, are over.
    ConnectExpired = 410, "connect_expired", false,
        "This sign-in has expired",
        "Start again with counterfoil connect: each step may take ten minutes.";
    /// `If-Match` names another version.
    EtagMismatch = 412, "etag_mismatch", false,
        "It was changed in the meantime",
        "Read it again, repeat the change on what you get, and send its new ETag.";
    /// The body is larger than the route takes.
    BodyTooLarge = 413, "body_too_large", false,
        "The body is too large",
        "Send less in one request.";
    /// The body is not declared as JSON.
    UnsupportedMediaType = 415, "unsupported_media_type", false,
        "The body must be JSON",
        "Send `Content-Type: application/json`.";
    /// The body is JSON, but not what is wanted.
    ValidationFailed = 422, "validation_failed", false,
        "The request is not valid",
        "Correct what `errors` names.";
    /// There is no such account, or none that can be used.
    AccountMappingIncorrect = 422, "account_mapping_incorrect", false,
        "Account mapping is incorrect",
        "Map to one of `candidates`, or add or re-activate the account in Xero first.";
    /// There is no such tax rate, or none that can be used.
    PrerequisiteUnmapped = 422, "prerequisite_unmapped", false,
        "Prerequisite missing in Xero",
        "Map to one of `candidates`, or add it in Xero first.";
    /// A refresh that looks back too far.
    LookbackTooLong = 422, "lookback_too_long", false,
        "The lookback is too long",
        "Choose a moment within the last 365 days, or refresh all linked invoices.";
    /// The key was used for another request.
    IdempotencyMismatch = 422, "idempotency_mismatch", false,
        "The Idempotency-Key was used for another request",
        "Use a new key for a new request.";
    /// Xero refused the grant.
    GrantRejected = 422, "grant_rejected", false,
        "Xero refused the grant",
        "Connect again: the refresh token was used, revoked or belongs to another application.";
    /// Xero's consent page sent no code.
    ConsentRefused = 422, "consent_refused", false,
        "There is no consent",
        "Start again with counterfoil connect.";
    /// Xero does not take a code.
    CodeRejected = 422, "code_rejected", false,
        "Xero does not take the code",
        "Start again with counterfoil connect: a code works once, and for five minutes.";
    /// A consent reaches no organisation.
    NoOrganisation = 422, "no_organisation", false,
        "The consent reaches no organisation",
        "Start again with counterfoil connect, and tick an organisation on Xero's page. If Xero lets you tick none, the app has as many connections as its plan allows, or the organisation has two uncertified apps already: counterfoil tenants disconnect frees a place at Xero too.";
    /// The grant does not reach an organisation.
    TenantNotReached = 422, "tenant_not_reached", false,
        "The grant does not reach this organisation",
        "Leave the organisation out, or connect it in Xero first.";
    /// `If-Match` is missing.
    PreconditionRequired = 428, "precondition_required", false,
        "If-Match is required",
        "Read the resource, and send its ETag in If-Match.";
    /// Too much at once.
    Busy = 429, "busy", true,
        "Too many requests at once",
        "Repeat the request after the time in Retry-After.";
    /// A defect.
    Internal = 500, "internal", true,
        "Something went wrong inside",
        "Repeat the request; if it happens again, report the request id.";
    /// Xero refused what was asked.
    XeroRefused = 502, "xero_refused", false,
        "Xero refused the call",
        "Read the detail; if it is unclear, report the request id.";
    /// The store cannot be read or written.
    StoreUnavailable = 503, "store_unavailable", true,
        "The store is not available",
        "Repeat the request later; the daemon's log says what is wrong.";
    /// The daemon is stopping.
    Draining = 503, "draining", true,
        "The daemon is stopping",
        "Repeat the request when it runs again.";
    /// The tenant's actor failed repeatedly.
    TenantParked = 503, "tenant_parked", true,
        "The tenant is parked",
        "See the daemon's log; restarting the daemon starts the tenant again.";
    /// Xero does not answer.
    XeroUnavailable = 503, "xero_unavailable", true,
        "Xero is not available",
        "Repeat the request later.";
    /// Xero did not answer in time.
    XeroTimeout = 504, "xero_timeout", true,
        "Xero did not answer in time",
        "Repeat the request later.";
    /// We did not answer in time.
    DeadlineExceeded = 504, "deadline_exceeded", true,
        "The request took too long",
        "Repeat the request; a repeated write has the same effect as one.";
    /// The disk is nearly full.
    DiskFull = 507, "disk_full", true,
        "The disk is nearly full",
        "Free space on the disk of the data folder.";
}

impl ProblemCode {
    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }

    /// What to do at the command line, where that is something else than over the API.
    #[must_use]
    pub const fn typed(self) -> Option<&'static str> {
        Some(match self {
            Self::TenantNotFound => "counterfoil tenants list",
            Self::InvoiceNotFound => "counterfoil invoices list",
            Self::OperationNotFound | Self::OperationInProgress => "counterfoil operation list",
            Self::MappingNotFound => "counterfoil mappings set KIND KEY VALUE",
            Self::ReasonNotFound => "counterfoil explain",
            Self::ConnectNotFound => "counterfoil connect",
            Self::InvalidCursor => "Start again without --cursor.",
            Self::Unauthenticated => {
                "Name the file with the token: --token-file STORE.PATH/admin-token, or COUNTERFOIL_TOKEN_FILE."
            }
            Self::AccountMappingIncorrect | Self::PrerequisiteUnmapped => {
                "Map to one of those named, or add it in Xero first."
            }
            Self::CursorExpired => "counterfoil events tail",
            Self::EtagMismatch => "Type the command again: somebody changed it in the meantime.",
            _ => return None,
        })
    }
}
