namespace XLLM.Silo.Sequences;

/// <summary>Number of a sequence in its engine: the order of arrival, from 1.</summary>
internal readonly record struct SequenceId(long Value);
