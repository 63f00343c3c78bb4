namespace XLLM.Gateway.Streaming;

/// <summary>An event of one choice, or a sign that a while passed without any.</summary>
/// <param name="Choice">Which choice, from 0.</param>
/// <param name="Event">The event; meaningless in a ping.</param>
/// <param name="IsPing">Nothing came for a while.</param>
internal readonly record struct ChoiceItem<TEvent>(int Choice, TEvent Event, bool IsPing = false);
