using IterableAudience.Simulator.Identifiers;

namespace IterableAudience.Simulator.Lists;

/// <summary>One person of a subscribe or unsubscribe, as UTF-8 slices of the request. An absent identifier is empty and not given; an empty one is given.</summary>
internal readonly struct SubscriberRow
{
    public SubscriberRow(ReadOnlyMemory<byte>? email, ReadOnlyMemory<byte>? userId, bool preferUserId)
    {
        if (email is { } address)
        {
            Email = address;
            HasEmail = true;
            IsEmailValid = EmailForm.IsValid(address.Span);
            EmailKey = IsEmailValid ? EmailForm.Canonical(address) : default;
        }

        if (userId is { } id)
        {
            UserId = id;
            HasUserId = true;
            IsUserIdValid = UserIdForm.IsValid(id.Span);
        }

        PreferUserId = preferUserId;
    }

    /// <summary>As sent.</summary>
    public ReadOnlyMemory<byte> Email { get; }

    /// <summary>In lower case, when the form is right.</summary>
    public ReadOnlyMemory<byte> EmailKey { get; }

    public ReadOnlyMemory<byte> UserId { get; }

    public bool HasEmail { get; }

    public bool HasUserId { get; }

    public bool IsEmailValid { get; }

    public bool IsUserIdValid { get; }

    public bool PreferUserId { get; }
}
