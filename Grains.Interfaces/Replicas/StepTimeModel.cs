namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>How long a replica's steps take: a sum of five costs, in seconds. Fitted by the engine while it runs, announced with its load. Pure.</summary>
/// <remarks>
/// Reading the weights costs the same in every step, the matrix products grow with rows, the output layer and the draw with sequences, the reading of keys and
/// values with context, the products of attention with pairs of rows and tokens. Decoding is bound by the first and fourth, prefill by the second and fifth.
/// </remarks>
/// <param name="Fixed">Seconds of a step whatever it computes.</param>
/// <param name="PerRow">Seconds more for each row.</param>
/// <param name="PerSequence">Seconds more for each sequence.</param>
/// <param name="PerContextToken">Seconds more for each of <see cref="StepShape.ContextTokens"/>.</param>
/// <param name="PerAttendedToken">Seconds more for each of <see cref="StepShape.AttendedTokens"/>.</param>
[GenerateSerializer, Immutable, Alias("xllm.step-time")]
public readonly record struct StepTimeModel(
    [property: Id(0)] double Fixed,
    [property: Id(1)] double PerRow,
    [property: Id(2)] double PerSequence,
    [property: Id(3)] double PerContextToken,
    [property: Id(4)] double PerAttendedToken)
{
    /// <summary>Seconds of a step.</summary>
    public double Seconds(in StepShape step) =>
        Fixed + (PerRow * step.Rows) + (PerSequence * step.Sequences) + (PerContextToken * step.ContextTokens) + (PerAttendedToken * step.AttendedTokens);
}
