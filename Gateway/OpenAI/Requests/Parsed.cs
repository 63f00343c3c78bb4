namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked request, or every fault of it.</summary>
/// <param name="Value">The request; null where there are faults.</param>
/// <param name="Faults">All faults, in the order of reading.</param>
internal sealed record Parsed<T>(T? Value, IReadOnlyList<Fault> Faults)
    where T : class;
