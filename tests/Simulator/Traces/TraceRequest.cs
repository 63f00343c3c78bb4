namespace XLLM.Simulator.Traces;

/// <summary>One request of a recorded trace.</summary>
/// <param name="Time">Seconds after the first one.</param>
/// <param name="InputTokens">Tokens of the prompt, at least 1.</param>
/// <param name="OutputTokens">Tokens of the answer, at least 1.</param>
/// <param name="Blocks">Names of the prompt's blocks, the last one partly filled: equal names mean equal blocks after equal predecessors. One unique name where the trace has none.</param>
internal sealed record TraceRequest(double Time, int InputTokens, int OutputTokens, int[] Blocks);

/// <summary>A recorded trace.</summary>
/// <param name="Name">Of its file.</param>
/// <param name="BlockTokens">Tokens that a name in <see cref="TraceRequest.Blocks"/> stands for; 0 where prompts share nothing that is known.</param>
/// <param name="Requests">In order of time.</param>
internal sealed record Trace(string Name, int BlockTokens, TraceRequest[] Requests)
{
    /// <summary>Seconds from the first request to the last.</summary>
    public double Span => Requests[^1].Time;
}
